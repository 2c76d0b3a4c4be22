"""The steps from an archive to a ready tenant, each with its way back.

Every function may run again after it was interrupted at any instruction.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Final
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.utils.translation import gettext_lazy as _

from kernel import clock
from tenants import fleet, lookup, roles, scheduler
from tenants.context import UNPLANNED, TenantInfo, as_owner, use
from tenants.models import (
    Plan,
    ProvisioningRun,
    ProvisioningStep,
    SchemaTemplate,
    Tenant,
    WakeUp,
)
from tenants.plans import choosing
from tenants.portability import catalog, loading, policies, stored
from tenants.portability.errors import ArchiveChecksum
from tenants.portability.manifest import FilePart, Manifest
from tenants.portability.orders import ImportOrder, tenant_of
from tenants.portability.policies import Imported, Keep
from tenants.portability.reading import Archive, opened
from tenants.portability.standing import open_as_ordered
from tenants.portability.storing import empty_storage
from tenants.provisioning import steps
from tenants.provisioning.steps import Step, info_of
from tenants.states import State

BLOCK: Final = 1 << 20
Node = tuple[str, str]


def order_of(run: ProvisioningRun) -> ImportOrder:
    return ImportOrder.from_json(run.order)


def require_same(archive: Archive, order: ImportOrder) -> None:
    """Require the archive that was looked at before. Raises ArchiveChecksum."""
    if archive.seal != order.seal:
        raise ArchiveChecksum("The file is another one than at the beginning.")


def manifest_of(run: ProvisioningRun) -> Manifest:
    order = order_of(run)
    with opened(Path(order.file)) as archive:
        require_same(archive, order)
        return archive.manifest


def note(run: ProvisioningRun, name: str, **output: object) -> None:
    """Keep what a step has to tell."""
    ProvisioningStep.objects.filter(run=run, name=name).update(output=output)


# Schema


def make_schema(run: ProvisioningRun) -> None:
    """Make the tables of the archive's release: claimed, replayed or migrated to."""
    wanted = sorted(manifest_of(run).migrations)
    info = info_of(run)
    of_code = fleet.find_template()
    if of_code is not None and migrations_of(of_code) == wanted:
        steps.make_schema(run)
        return
    kept = SchemaTemplate.objects.all()
    template = next((row for row in kept if migrations_of(row) == wanted), None)
    if template is not None:
        fleet.build(info, template)
        return
    with fleet.owned(info):
        executor = MigrationExecutor(connection)
        executor.migrate(ends(wanted, executor.loader.graph))


def migrations_of(template: SchemaTemplate) -> list[tuple[str, str]]:
    return sorted((app, name) for app, name in template.migrations)


def ends(wanted: list[Node], graph: MigrationGraph) -> list[Node]:
    """Return the migrations that bring all of them, as no other stands on these.

    Django takes one that ran already for the wish to go back to it.
    """
    below: set[Node] = set()
    for node in wanted:
        below.update(one for one in graph.forwards_plan(node) if one != node)
    return [node for node in wanted if node not in below]


def drop_schema(run: ProvisioningRun) -> None:
    """Drop the schema with all that is in it, and its role."""
    info = lookup.by_uuid(run.tenant_uuid)
    if info is not None and State(info.state) in {
        State.PROVISIONING,
        State.FAILED,
        State.ARCHIVED,
    }:
        roles.remove(info)


# Data


def load(run: ProvisioningRun) -> None:
    """Fill the tables, all of them or none."""
    order = order_of(run)
    with opened(Path(order.file)) as archive:
        require_same(archive, order)
        rows = loading.load(
            archive, info_of(run), keep=Keep(order.keep), uuid=order.rows_of
        )
    note(run, "load", rows=rows)


def copy_files(run: ProvisioningRun) -> None:
    """Put the stored files in the tenant's place, also above its plan by now.

    They are its own already; the plan says what may be added.
    """
    order = order_of(run)
    unlimited = replace(as_owner(info_of(run)), limits=UNPLANNED)
    with opened(Path(order.file)) as archive, use(unlimited):
        require_same(archive, order)
        for part in archive.manifest.files:
            keep_file(archive, part)


def keep_file(archive: Archive, part: FilePart) -> None:
    """Store one file under its own name, once it is known to be whole."""
    with SpooledTemporaryFile(max_size=BLOCK) as whole:
        for block in archive.blocks(part):
            whole.write(block)
        whole.seek(0)
        if stored.is_there(part.name):
            default_storage.delete(part.name)
        default_storage.save(part.name, File(whole, name=part.name))


def drop_files(run: ProvisioningRun) -> None:
    """Remove what was stored for the tenant."""
    info = lookup.by_uuid(run.tenant_uuid)
    if info is not None and not order_of(run).restores:
        empty_storage(info)


def forward(run: ProvisioningRun) -> None:
    """Migrate from the archive's release to ours."""
    of_code = fleet.find_template()
    behind = sorted(manifest_of(run).migrations)
    if of_code is not None and migrations_of(of_code) == behind:
        note(run, "forward", migrations=0)
        return
    fleet.migrate_tenant(info_of(run))
    with use(as_owner(info_of(run))):
        there = catalog.migrations()
    note(run, "forward", migrations=len(set(there) - set(behind)))


def imported(run: ProvisioningRun, info: TenantInfo) -> Imported:
    order = order_of(run)
    return Imported(
        tenant=info,
        former=UUID(order.former),
        keep=Keep(order.keep),
        anonymised=order.anonymised,
        by=order.by,
    )


def rebind(run: ProvisioningRun) -> None:
    """Let the apps change what is bound to the uuid, where that is another now."""
    order, info = order_of(run), info_of(run)
    if str(order.rows_of) == order.former:
        return
    for one in policies.declared():
        if one.rebind is not None:
            with use(as_owner(info)), transaction.atomic():
                one.rebind(imported(run, info))


# The control plane


def reserve(run: ProvisioningRun) -> None:
    """See that the tenant is there: the beginning writes it with the run."""
    info_of(run)


def release(run: ProvisioningRun) -> None:
    """Give slug and domain back; one that was there before stays as it was."""
    if not order_of(run).restores:
        steps.release(run)


def overrides(run: ProvisioningRun) -> None:
    """Agree for the tenant what was agreed for it before.

    Anybody may write a file that promises a plan, so only one with our signature, or
    one that we have just written, is believed; else the settings' plan is taken.
    """
    order = order_of(run)
    with opened(Path(order.file)) as archive:
        require_same(archive, order)
        control = archive.control()
    with transaction.atomic():
        tenant = tenant_of(run.tenant_uuid)
        if order.restores:
            return
        believed = order.agrees and Plan.objects.filter(code=order.plan).first()
        tenant.plan = believed or choosing.ordered("")
        tenant.save(update_fields=["plan"])
        if not order.agrees:
            return
        for quota in control.quotas:
            tenant.own_quotas.update_or_create(
                resource=quota.resource,
                defaults={"limit": quota.limit, "hard": quota.hard},
            )
        for feature in control.features:
            tenant.own_features.update_or_create(
                code=feature.code, defaults={"value": feature.value}
            )


def schedule(run: ProvisioningRun) -> None:
    """Give the tenant its place among the wake-ups; a shadow has none."""
    if not order_of(run).live:
        steps.schedule(run)


def unschedule(run: ProvisioningRun) -> None:
    """Take the tenant out of the wake-ups; one that was there before stays."""
    if not order_of(run).restores:
        WakeUp.objects.filter(tenant__uuid=run.tenant_uuid).delete()


def activate(run: ProvisioningRun) -> None:
    """Open the tenant, as it stood where it is moved."""
    order = order_of(run)
    with transaction.atomic():
        tenant = tenant_of(run.tenant_uuid)
        if tenant.state in {State.PROVISIONING, State.ARCHIVED}:
            Tenant.objects.filter(pk=tenant.pk).update(archive=None)
            open_as_ordered(tenant, order)


def settle(run: ProvisioningRun) -> None:
    """Let the apps finish, such as by inviting owners who have no password."""
    order, info = order_of(run), info_of(run)
    if order.live:
        return
    for one in policies.declared():
        if one.settle is not None:
            # As the owner, for a tenant that is moved may be closed to its role.
            with use(as_owner(info)), transaction.atomic():
                one.settle(imported(run, info))
    with use(info):
        scheduler.arm(clock.now())


STEPS: Final = (
    Step("reserve", _("Reserve the address"), reserve, release),
    Step("schema", _("Prepare a place for the data"), make_schema, drop_schema),
    Step("load", _("Bring the data in"), load),
    Step("files", _("Bring the files in"), copy_files, drop_files),
    Step("forward", _("Bring the data to this release"), forward),
    Step("rebind", _("Seal the audit trail"), rebind),
    Step("agreed", _("Agree on plan and limits"), overrides),
    Step("schedule", _("Start reminders and mail"), schedule, unschedule),
    Step("activate", _("Open the workspace"), activate),
    Step("settle", _("Send the invitation"), settle, vital=False),
)
BY_NAME: Final = {step.name: step for step in STEPS}
