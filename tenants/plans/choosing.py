"""Which plan a tenant is on."""

import logging

from django.conf import settings
from django.db import transaction

from tenants import events
from tenants.context import use_control
from tenants.errors import PlanUnknown, TenantUnknown
from tenants.models import Plan, Tenant

logger = logging.getLogger(__name__)


def find(code: str) -> Plan:
    """Return the plan with this code; needs the control context. Raises PlanUnknown."""
    plan = Plan.objects.filter(code=code).first() if code.isprintable() else None
    if plan is None:
        raise PlanUnknown(f"There is no plan {code!r}.")
    return plan


def ordered(code: str) -> Plan | None:
    """Return the plan of a new tenant: the one that is named, else the settings'.

    Raises PlanUnknown for the first; nobody is turned away for a wrong setting.
    """
    if code:
        return find(code)
    default = settings.TENANT_DEFAULT_PLAN
    plan = Plan.objects.filter(code=default).first() if default else None
    if default and plan is None:
        logger.error("plan.default_missing", extra={"plan": default})
    return plan


@use_control()
def put_on(tenant: Tenant, plan: Plan | None, *, by: str) -> Tenant:
    """Put a tenant on a plan, or on none; in force everywhere within a second.

    What it has above the new quotas stays; it only gets no more.
    Raises TenantUnknown.
    """
    with transaction.atomic():
        rows = Tenant.objects.select_for_update(of=("self",))
        present: Tenant | None
        present = rows.select_related("plan").filter(pk=tenant.pk).first()
        if present is None:
            raise TenantUnknown
        before = present.plan.code if present.plan else ""
        after = plan.code if plan else ""
        if before != after:
            present.plan = plan
            present.save(update_fields=["plan"])
            events.record(
                "tenant.plan_changed",
                by=by,
                tenant=present.uuid,
                before=before,
                after=after,
            )
    return present
