"""The steps from a tenant to a certificate that it is gone; there is no way back.

Every function may run again after it was interrupted at any instruction.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from kernel import clock
from tenants import directory, domains, events, lookup, roles
from tenants.context import TenantInfo, as_owner, use
from tenants.life import slug_holds
from tenants.models import (
    DeadLetter,
    Domain,
    MigrationLedger,
    ProvisioningRun,
    ProvisioningStep,
    SignupRequest,
    SlugHold,
    Survey,
    Tenant,
    WakeUp,
)
from tenants.portability import catalog, stored
from tenants.portability.storing import empty_storage
from tenants.provisioning.steps import Act, Step
from tenants.states import State, change_state

#: The form of the certificate.
CERTIFICATE: Final = 1


def row_of(run: ProvisioningRun) -> Tenant:
    found: Tenant = Tenant.objects.get(uuid=run.tenant_uuid)
    return found


def info_of(run: ProvisioningRun) -> TenantInfo:
    info = lookup.by_uuid(run.tenant_uuid)
    assert info is not None  # noqa: S101 - the row of a tenant outlives its purge
    return info


def stop(run: ProvisioningRun) -> None:
    """Let all that was signed, queued or cached for the tenant be worth nothing."""
    with transaction.atomic():
        Tenant.objects.filter(uuid=run.tenant_uuid).update(
            generation=F("generation") + 1, cache_epoch=F("cache_epoch") + 1
        )
        WakeUp.objects.filter(tenant__uuid=run.tenant_uuid).delete()
        directory.forget_after_commit(run.tenant_uuid)


def shadows(run: ProvisioningRun) -> None:
    """Purge what was restored beside the tenant: it holds the same data."""
    from tenants.portability import purging

    for shadow in row_of(run).shadows.exclude(state=State.PURGED):
        purging.purge(shadow, by=run.order["by"], reason="Its live tenant is purged.")


def tally(run: ProvisioningRun) -> None:
    """Count what is about to go; once, since later there is less."""
    step = run.steps.get(name="tally")
    if step.output:
        return
    info = info_of(run)
    counts = {
        "tables": 0,
        "rows": 0,
        "files": 0,
        "domains": Domain.objects.filter(tenant__uuid=info.uuid).count(),
        "refused_tasks": DeadLetter.objects.filter(tenant=info.uuid).count(),
    }
    with use(as_owner(info)):
        counts["files"] = sum(1 for _name in stored.walk())
    if roles.has_schema(info):
        with use(as_owner(info)):
            found = catalog.counted(table.name for table in catalog.tables())
        counts |= {"tables": len(found), "rows": sum(found.values())}
    ProvisioningStep.objects.filter(pk=step.pk).update(output=counts)


def drop_schema(run: ProvisioningRun) -> None:
    """Drop the schema with all that is in it, and the role."""
    roles.remove(info_of(run))


def drop_files(run: ProvisioningRun) -> None:
    """Delete the stored files."""
    empty_storage(info_of(run))


def drop_letters(run: ProvisioningRun) -> None:
    """Delete the tasks that were refused: they tell what the tenant did."""
    DeadLetter.objects.filter(tenant=run.tenant_uuid).delete()


def release_domains(run: ProvisioningRun) -> None:
    """Let no host lead here; a customer's own name has its cool-down."""
    tenant = row_of(run)
    domains.release_all(tenant, by=run.order["by"])
    with transaction.atomic():
        own = Domain.objects.filter(tenant=tenant)
        hosts = list(own.values_list("domain", flat=True))
        own.filter(kind=Domain.Kind.PLATFORM).delete()
        # What is left only keeps others out: nobody verifies it or is told of it.
        own.update(verification_token="", check_due=None)
        directory.forget_after_commit(run.tenant_uuid, *hosts)


def certify(run: ProvisioningRun) -> None:
    """Empty the row but for what a certificate needs, and hold the slug."""
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(uuid=run.tenant_uuid)
        if tenant.state == State.PURGED:
            return
        slug, now = tenant.slug, clock.now()
        if tenant.shadow_of_id is None:
            slug_holds.hold(slug, reason=SlugHold.Reason.PURGED, tenant=tenant.uuid)
        change_state(tenant, State.PURGED, reason="Purged.", by=run.order["by"])
        certificate = certificate_of(tenant, run, at=now)
        Tenant.objects.filter(pk=tenant.pk).update(
            slug="",
            name="",
            certificate=certificate,
            archive=None,
            purge_after=None,
            state_before="",
            state_reason="",
            plan=None,
            trial_ends_at=None,
        )
        forget(run, slug)
        events.record(
            "tenant.certified",
            by=run.order["by"],
            tenant=tenant.uuid,
            certificate=certificate,
        )


def certificate_of(
    tenant: Tenant, run: ProvisioningRun, *, at: datetime
) -> dict[str, Any]:
    """Return what was deleted: no name, only what proves one that somebody knows."""
    archive = tenant.archive or {}
    return {
        "version": CERTIFICATE,
        "tenant_uuid": str(tenant.uuid),
        "slug_sha256": sha256(tenant.slug.encode()).hexdigest(),
        "created_at": clock.iso(tenant.created_at),
        "ordered_at": clock.iso(run.started_at),
        "purged_at": clock.iso(at),
        "by": run.order["by"],
        "deleted": run.steps.get(name="tally").output,
        "final_export_sha256": archive.get("sha256") or run.order.get("export") or None,
    }


def forget(run: ProvisioningRun, slug: str) -> None:
    """Delete what the control plane knew of the tenant's people and agreements."""
    tenant = row_of(run)
    tenant.own_quotas.all().delete()
    tenant.own_features.all().delete()
    Survey.objects.filter(tenant=tenant).delete()
    MigrationLedger.objects.filter(tenant_id=tenant.pk).update(error_text="")
    # Some came while the purge was at work.
    DeadLetter.objects.filter(tenant=tenant.uuid).delete()
    SignupRequest.objects.filter(slug=slug).delete()
    ProvisioningRun.objects.filter(tenant_uuid=tenant.uuid).exclude(pk=run.pk).delete()
    ProvisioningRun.objects.filter(pk=run.pk).update(slug="")


def endless(name: str, label: Any, forward: Act) -> Step:
    return Step(name, label, forward, endless=True)


STEPS: Final = (
    endless("stop", _("End all access"), stop),
    endless("shadows", _("Purge what was restored beside it"), shadows),
    endless("tally", _("Count what goes"), tally),
    endless("schema", _("Delete the data"), drop_schema),
    endless("files", _("Delete the files"), drop_files),
    endless("letters", _("Delete what was queued"), drop_letters),
    endless("domains", _("Release the addresses"), release_domains),
    endless("certify", _("Write the certificate"), certify),
)
BY_NAME: Final = {step.name: step for step in STEPS}
