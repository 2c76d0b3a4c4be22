"""The steps from an order to a ready tenant, each with its way back.

Every function may run again after it was interrupted at any instruction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from kernel import clock
from tenants import events, fleet, lookup, roles, scheduler, states
from tenants.context import TenantInfo, use
from tenants.errors import TenantUnknown
from tenants.models import Domain, ProvisioningRun, Tenant, WakeUp
from tenants.provisioning.order import Order, ProvisioningRequest
from tenants.states import State, change_state

Act = Callable[[ProvisioningRun], None]


def nothing(run: ProvisioningRun) -> None:
    """Leave everything as it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its words for people, the way forward, the way back.

    What is not `vital` fails alone: the tenant is open by then and stays. What is
    `endless` has no way back, and is tried until it is done.
    """

    name: str
    label: Promise
    forward: Act
    back: Act = nothing
    vital: bool = True
    endless: bool = False


def info_of(run: ProvisioningRun) -> TenantInfo:
    """Return the present values of the run's tenant."""
    info = lookup.by_uuid(run.tenant_uuid)
    if info is None:
        raise TenantUnknown
    return info


def reserve(run: ProvisioningRun) -> None:
    """See that tenant and domain are there: `begin` writes them with the run."""
    info_of(run)


def release(run: ProvisioningRun) -> None:
    """Give the address back."""
    Domain.objects.filter(tenant__uuid=run.tenant_uuid).delete()
    Tenant.objects.filter(uuid=run.tenant_uuid).delete()


def make_schema(run: ProvisioningRun) -> None:
    """Make the tenant's schema and role with the code's tables.

    A schema that waits is claimed; where none does, one is made of the compiled
    template; where none was compiled yet, by the migrations.
    """
    info = info_of(run)
    if fleet.claim(info):
        states.let_in_again(info_of(run))  # the role is the schema's now
    else:
        build_schema(info)
    Tenant.objects.filter(uuid=info.uuid).update(schema_rev=fleet.revision())


def build_schema(info: TenantInfo) -> None:
    template = fleet.find_template()
    with fleet.place():
        if template is None:
            fleet.migrate_tenant(info)
        else:
            fleet.build(info, template)


def drop_schema(run: ProvisioningRun) -> None:
    """Drop the tenant's schema with all that is in it, and its role."""
    info = lookup.by_uuid(run.tenant_uuid)
    if info is not None:
        with fleet.place():
            roles.remove(info)


def seed(run: ProvisioningRun) -> None:
    """Call the functions that fill a new tenant, each in a transaction of its own."""
    order = Order.from_json(run.order)
    info = info_of(run)
    request = ProvisioningRequest(
        tenant=info,
        owner_email=order.owner_email,
        owner_name=order.owner_name,
        locale=order.locale,
        mail=order.mail,
    )
    names = settings.TENANT_PROVISIONING_STEPS if order.seed is None else order.seed
    for name in names:
        with use(info), transaction.atomic():
            import_string(name)(request)


def schedule(run: ProvisioningRun) -> None:
    """Give the tenant its place among the wake-ups; activation switches it on."""
    tenant = Tenant.objects.get(uuid=run.tenant_uuid)
    WakeUp.objects.get_or_create(tenant=tenant, defaults={"next_due": clock.now()})


def unschedule(run: ProvisioningRun) -> None:
    """Take the tenant out of the wake-ups."""
    WakeUp.objects.filter(tenant__uuid=run.tenant_uuid).delete()


def activate(run: ProvisioningRun) -> None:
    """Open the tenant: for a trial where its plan begins with one."""
    tenant = Tenant.objects.select_related("plan").get(uuid=run.tenant_uuid)
    if tenant.state != State.PROVISIONING:
        return
    days = tenant.plan.trial_days if tenant.plan else 0
    to = State.TRIAL if days else State.ACTIVE
    with transaction.atomic():
        if days:
            tenant.trial_ends_at = clock.now() + timedelta(days=days)
            tenant.save(update_fields=["trial_ends_at"])
        by = Order.from_json(run.order).by
        change_state(tenant, to, reason="Provisioned.", by=by)


def announce(run: ProvisioningRun) -> None:
    """Send what the seed steps put into the outbox on its way."""
    with use(info_of(run)):
        scheduler.arm(clock.now())
    events.record(
        "tenant.provisioned",
        by=Order.from_json(run.order).by,
        tenant=run.tenant_uuid,
        run=str(run.pk),
    )


STEPS: Final = (
    Step("reserve", _("Reserve the address"), reserve, release),
    Step("schema", _("Prepare a place for the data"), make_schema, drop_schema),
    Step("seed", _("Set up roles, owner and first process"), seed),
    Step("schedule", _("Start reminders and mail"), schedule, unschedule),
    Step("activate", _("Open the workspace"), activate),
    Step("announce", _("Send the invitation"), announce, vital=False),
)
BY_NAME: Final = {step.name: step for step in STEPS}
