"""Which tenants go ahead of the others by an operator's word."""

from django.db import transaction

from tenants import events, states
from tenants.context import use_control
from tenants.errors import CanaryUnfit, TenantUnknown
from tenants.models import Tenant


@use_control()
def mark(tenant: Tenant, *, on: bool, by: str) -> Tenant:
    """Let a tenant go ahead of its group in every run over the fleet, or no longer.

    Raises CanaryUnfit for a shadow and for one without a schema, and TenantUnknown.
    """
    with transaction.atomic():
        rows = Tenant.objects.select_for_update().filter(pk=tenant.pk)
        locked: Tenant | None = rows.first()
        if locked is None:
            raise TenantUnknown
        if on:
            require_fit(locked)
        if locked.is_canary != on:
            locked.is_canary = on
            locked.save(update_fields=["is_canary"])
            action = "tenant.canary_marked" if on else "tenant.canary_unmarked"
            events.record(action, by=by, tenant=locked.uuid)
    return locked


def require_fit(tenant: Tenant) -> None:
    """Raise CanaryUnfit where a tenant's tables prove nothing about those in use."""
    if tenant.shadow_of_id is not None:
        raise CanaryUnfit(f"{tenant} is a shadow, which nobody uses.")
    if tenant.state not in states.WITH_SCHEMA:
        raise CanaryUnfit(f"{tenant} is {tenant.state}, and has no schema.")
