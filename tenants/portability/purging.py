"""Delete a tenant: asked for with a grace, or done now, and certified in the end.

purging.ask(tenant, grace=timedelta(days=30), by="os:alice", reason="Contract ended.")
purging.purge(tenant, by="os:alice", reason="...")    # its certificate
"""

import logging
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.errors import MoveRefused
from tenants.models import ProvisioningRun, ProvisioningStep, Tenant
from tenants.portability import notices
from tenants.portability.errors import Busy, PurgeRefused
from tenants.portability.purge_steps import STEPS
from tenants.provisioning.saga import MESSAGE_DELAY, drive
from tenants.states import State, change_state

logger = logging.getLogger(__name__)

GRACE: Final = timedelta(days=30)
#: How many tenants one round of the upkeep begins to purge.
AT_ONCE: Final = 20


def ask(tenant: Tenant, *, by: str, reason: str, grace: timedelta = GRACE) -> Tenant:
    """Close the tenant, to be purged when the grace is over. Raises MoveRefused.

    Its owners get the date by mail, and the link that calls it off.
    """
    with use_control():
        to = notices.addresses_of(tenant)
    with use_control(), transaction.atomic():
        moved = change_state(tenant, State.DELETING, reason=reason, by=by)
        moved.purge_after = clock.now() + grace
        moved.save(update_fields=["purge_after"])
        events.record(
            "tenant.purge_asked",
            by=by,
            tenant=moved.uuid,
            purge_after=clock.iso(moved.purge_after),
        )
        notices.mail_deletion(moved, to=to)
    return moved


def purge(tenant: Tenant, *, by: str, reason: str) -> dict[str, Any]:
    """Delete all that there is of the tenant, and return the certificate.

    A tenant that was purged before gives the certificate of then. Raises MoveRefused,
    Busy, or PurgeRefused where a step waits for its next try; the tick goes on with it.
    """
    with use_control():
        row = Tenant.objects.get(pk=tenant.pk)
        if row.state != State.PURGED:
            run = begin(row, by=by, reason=reason)
            ended = drive(run.pk, pauses=())
            row.refresh_from_db()
            if row.state != State.PURGED:
                raise stuck(ended)
        certificate: dict[str, Any] = row.certificate or {}
        return certificate


def stuck(run: ProvisioningRun) -> PurgeRefused:
    step = run.steps.exclude(error_code="").order_by("ordinal").first()
    why = f": step {step.name} failed with {step.error_code}" if step else ""
    return PurgeRefused(f"The purge is not at its end yet{why}. It goes on by itself.")


def begin(tenant: Tenant, *, by: str, reason: str) -> ProvisioningRun:
    """Write down that the tenant is purged from now on; one that is, goes on."""
    with transaction.atomic():
        locked = Tenant.objects.select_for_update().get(pk=tenant.pk)
        under_way = ProvisioningRun.objects.filter(
            tenant_uuid=locked.uuid, state__in=ProvisioningRun.OPEN
        )
        known = under_way.first()
        if known is not None and known.kind != ProvisioningRun.Kind.PURGE:
            raise Busy("The tenant is being made or filled; wait for the end of that.")
        if known is not None:
            return known
        close(locked, by=by, reason=reason)
        return written(locked, by=by)


def close(tenant: Tenant, *, by: str, reason: str) -> None:
    """Let nobody in any more. Raises MoveRefused."""
    if tenant.state == State.PROVISIONING:
        raise MoveRefused(f"{tenant.slug} is being set up, so this is refused.")
    if tenant.state not in {State.DELETING, State.FAILED}:
        change_state(tenant, State.DELETING, reason=reason, by=by)


def written(tenant: Tenant, *, by: str) -> ProvisioningRun:
    try:
        with transaction.atomic():
            run = ProvisioningRun.objects.create(
                tenant=tenant,
                tenant_uuid=tenant.uuid,
                slug=tenant.slug,
                kind=ProvisioningRun.Kind.PURGE,
                order={"by": by},
                resume_at=clock.now() + MESSAGE_DELAY,
            )
            ProvisioningStep.objects.bulk_create(
                ProvisioningStep(run=run, ordinal=number, name=step.name)
                for number, step in enumerate(STEPS, start=1)
            )
    except IntegrityError:
        raise Busy from None
    return run


def purge_due() -> int:
    """Purge the tenants whose grace is over; return how many were found.

    Needs the control context. One that fails stops no other, and is tried again.
    """
    due = Tenant.objects.filter(state=State.DELETING, purge_after__lte=clock.now())
    under_way = ProvisioningRun.objects.filter(state__in=ProvisioningRun.OPEN).values(
        "tenant_uuid"
    )
    found = list(due.exclude(uuid__in=under_way).order_by("purge_after")[:AT_ONCE])
    for tenant in found:
        try:
            purge(tenant, by="system", reason="The grace is over.")
        except Exception:
            logger.exception("purge.failed", extra={"for": str(tenant.uuid)})
    return len(found)
