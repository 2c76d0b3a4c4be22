"""One file to one tenant, whole or not at all.

    decided = orders.decided(path, Wish(slug="acme-copy"), by="os:alice")
    importing.run(order)

What an import makes is recorded step by step, so whoever dies in between leaves
nothing that the next tick does not finish or undo.
"""

from uuid import UUID

from django.db import IntegrityError, transaction

from kernel import clock
from tenants import events
from tenants.context import use_control
from tenants.errors import SlugTaken
from tenants.hosts import platform_domain
from tenants.models import Domain, ProvisioningRun, ProvisioningStep, Tenant
from tenants.portability.errors import Busy, ImportFailed
from tenants.portability.import_steps import STEPS
from tenants.portability.orders import ImportOrder, require_live, tenant_of
from tenants.provisioning.saga import MESSAGE_DELAY, finished


def run(
    order: ImportOrder, *, kind: ProvisioningRun.Kind = ProvisioningRun.Kind.IMPORT
) -> ProvisioningRun:
    """Import what was decided, and return the run.

    Raises SlugTaken, Busy, or ImportFailed once everything is undone.
    """
    with use_control():
        begun = begin(order, kind=kind)
        ended = finished(begun, pauses=())
        if ended.state != ProvisioningRun.State.DONE:
            raise failure_of(ended)
    return ended


def begin(order: ImportOrder, *, kind: ProvisioningRun.Kind) -> ProvisioningRun:
    """Write tenant, domain, run and steps in one transaction."""
    try:
        with transaction.atomic():
            tenant = tenant_of_order(order)
            made = ProvisioningRun.objects.create(
                tenant=tenant,
                tenant_uuid=tenant.uuid,
                slug=order.slug,
                kind=kind,
                order=order.as_json(),
                resume_at=clock.now() + MESSAGE_DELAY,
            )
            ProvisioningStep.objects.bulk_create(
                ProvisioningStep(run=made, ordinal=number, name=step.name)
                for number, step in enumerate(STEPS, start=1)
            )
            events.record(
                "tenant.import_began",
                by=order.by,
                tenant=tenant.uuid,
                slug=order.slug,
                former=order.former,
                seal=order.seal,
                kept=order.keep,
                live=order.live,
            )
    except IntegrityError:
        if order.restores:
            raise Busy from None
        raise SlugTaken from None
    return made


def tenant_of_order(order: ImportOrder) -> Tenant:
    """Return the tenant to be filled, with its domain unless it is a shadow."""
    if order.restores:
        return tenant_of(order.rows_of)
    live = locked_live(order.rows_of) if order.live else None
    tenant: Tenant = Tenant.objects.create(
        uuid=order.uuid,
        slug=order.slug,
        name=order.name,
        locale=order.locale,
        timezone=order.timezone,
        shadow_of=live,
    )
    if live is None:
        Domain.objects.create(
            domain=platform_domain(order.slug),
            tenant=tenant,
            is_primary=True,
            verified_at=clock.now(),
        )
    return tenant


def locked_live(uuid: UUID) -> Tenant:
    """Return the tenant beside which a shadow is made, if it is not deleted meanwhile.

    Its lock has a purge wait, which finds the shadow then. Raises SwapRefused.
    """
    live: Tenant = Tenant.objects.select_for_update().get(pk=tenant_of(uuid).pk)
    require_live(live)
    return live


def failure_of(run: ProvisioningRun) -> ImportFailed:
    """Return the error that tells which step failed, and why."""
    step = run.steps.exclude(error_code="").order_by("ordinal").first()
    if step is None:
        return ImportFailed()
    return ImportFailed(
        f"The archive could not be imported, and nothing was kept:"
        f" step {step.name} failed with {step.error_code}: {step.error_text}",
        extra={"run": str(run.pk), "step": step.name, "cause": step.error_code},
    )


def told(run: ProvisioningRun) -> dict[str, int]:
    """Return how many rows came in, and how many migrations they were behind."""
    outputs = dict(run.steps.values_list("name", "output"))
    return {
        "rows": outputs["load"].get("rows", 0),
        "migrations": outputs["forward"].get("migrations", 0),
    }
