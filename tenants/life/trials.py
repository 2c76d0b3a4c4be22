"""Trials that come to their end."""

import logging
from datetime import datetime
from typing import Final

from kernel import clock
from tenants.context import TenantInfo, use_control
from tenants.errors import MoveRefused
from tenants.models import Tenant
from tenants.states import State, change_state

#: Why a trial is past due.
ENDED: Final = "The trial has ended."

logger = logging.getLogger(__name__)


def end_due() -> int:
    """Move tenants whose trial has ended to past due; return how many."""
    with use_control():
        ended = Tenant.objects.filter(
            state=State.TRIAL, trial_ends_at__lte=clock.now()
        ).order_by("trial_ends_at")
        return sum(map(end_trial, list(ended[:100])))


def end_trial(tenant: Tenant) -> bool:
    """End one trial; a tenant that fails stops no other."""
    try:
        change_state(tenant, State.PAST_DUE, reason=ENDED, by="system")
    except MoveRefused:
        return False  # somebody moved it meanwhile
    except Exception:
        logger.exception("trial.not_ended", extra={"for": str(tenant.uuid)})
        return False
    return True


def ends_at(tenant: TenantInfo) -> datetime | None:
    """Return when the tenant's trial ends; None where it is in none."""
    if tenant.state != State.TRIAL:
        return None
    with use_control():
        found: datetime | None = Tenant.objects.values_list(
            "trial_ends_at", flat=True
        ).get(uuid=tenant.uuid)
    return found
