"""What each state of a tenant does on every plane: one table, which all planes read.

    conduct.of(tenant)     # TenantInfo -> Conduct; an overlay counts before the state

Requests ask `refusal`, `reads` and `is_bare`, Celery asks `tasks`, the scheduler
`timers`, and the database `data`. Nobody else decides by a state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Final

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.errors import (
    ApplicationError,
    Gone,
    Locked,
    NotFound,
    PaymentRequired,
    Unavailable,
)
from tenants.context import TenantInfo
from tenants.models import Tenant

State = Tenant.State

#: The shortest time after which a page of a maintenance is asked for again.
SHORTEST_WAIT: Final = 30


class Tasks(Enum):
    """What becomes of a tenant's task."""

    RUN = "run"
    #: Those that say `while_past_due=True` run, the others are kept.
    READS = "reads"
    #: Kept, and sent again once the tenant works.
    KEPT = "kept"
    #: Sent again every minute.
    LATER = "later"
    #: Gone, with an event in the operators' book.
    DROPPED = "dropped"


class Data(Enum):
    """What the tenant's role may do in its schema."""

    OPEN = "open"
    #: Reads everything and writes the access tables only.
    READS = "reads"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What requests are answered; None as `retry_after` promises nothing."""

    kind: type[ApplicationError]
    code: str
    detail: Promise
    retry_after: int | None = None

    def error(self, until: datetime | None = None) -> ApplicationError:
        """Return the refusal as an error; `until` is the end of a maintenance."""
        headers = {"Cache-Control": "no-store"}
        seconds = self.retry_after if until is None else seconds_to(until)
        if seconds is not None:
            headers["Retry-After"] = str(seconds)
        return self.kind(str(self.detail), code=self.code, headers=headers)


def seconds_to(until: datetime) -> int:
    """Return the whole seconds to an instant, and SHORTEST_WAIT at least."""
    left = (until - clock.now()).total_seconds()
    return max(SHORTEST_WAIT, int(-(-left // 1)))


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a tenant does on every plane.

    With `reads`, only what would change something is refused.
    """

    refusal: Refusal | None
    tasks: Tasks
    timers: bool
    data: Data
    reads: bool = False


_TABLE: Final[dict[State, Conduct]] = {
    State.PROVISIONING: Conduct(
        Refusal(
            Unavailable,
            "tenant_provisioning",
            _("This workspace is being set up. Try again in a moment."),
            retry_after=5,
        ),
        tasks=Tasks.KEPT,
        timers=False,
        data=Data.OPEN,
    ),
    State.FAILED: Conduct(
        Refusal(
            Unavailable,
            "tenant_failed",
            _("This workspace could not be set up."),
            retry_after=3600,
        ),
        tasks=Tasks.KEPT,
        timers=False,
        data=Data.CLOSED,
    ),
    State.TRIAL: Conduct(None, tasks=Tasks.RUN, timers=True, data=Data.OPEN),
    State.ACTIVE: Conduct(None, tasks=Tasks.RUN, timers=True, data=Data.OPEN),
    State.PAST_DUE: Conduct(
        Refusal(
            PaymentRequired,
            "payment_required",
            _("This workspace has an open payment, so it can only be read."),
        ),
        tasks=Tasks.READS,
        timers=False,
        data=Data.READS,
        reads=True,
    ),
    State.SUSPENDED: Conduct(
        Refusal(
            Locked,
            "tenant_suspended",
            _("This workspace is paused."),
            retry_after=3600,
        ),
        tasks=Tasks.KEPT,
        timers=False,
        data=Data.CLOSED,
    ),
    State.ARCHIVED: Conduct(
        Refusal(Gone, "tenant_archived", _("This workspace was archived.")),
        tasks=Tasks.DROPPED,
        timers=False,
        data=Data.CLOSED,
    ),
    # A deletion may be called off, and then nothing may be missing.
    State.DELETING: Conduct(
        Refusal(Gone, "tenant_deleting", _("This workspace is being deleted.")),
        tasks=Tasks.KEPT,
        timers=False,
        data=Data.CLOSED,
    ),
    # Requests are answered as for a host that was never there: see `stopping`.
    State.PURGED: Conduct(
        Refusal(NotFound, "not_found", _("There is nothing here.")),
        tasks=Tasks.DROPPED,
        timers=False,
        data=Data.CLOSED,
    ),
}
#: By the state as rows and TenantInfo have it.
TABLE: Final[Mapping[str, Conduct]] = MappingProxyType(
    {state.value: conduct for state, conduct in _TABLE.items()}
)
#: The overlays: what counts before the state, in the states of OVERLAID.
MAINTENANCE: Final = Conduct(
    Refusal(
        Unavailable,
        "tenant_maintenance",
        _("This workspace is being worked on and will be back soon."),
    ),
    tasks=Tasks.KEPT,
    timers=False,
    data=Data.OPEN,
)
HOLD: Final = Conduct(
    Refusal(
        Unavailable,
        "tenant_updating",
        _("This workspace is being updated. Try again in a moment."),
        retry_after=30,
    ),
    tasks=Tasks.LATER,
    timers=False,
    data=Data.OPEN,
)
#: States over which a maintenance or a hold may lie (STA-3).
OVERLAID: Final = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
#: States in which the tenant's pages, tasks and timers run.
SERVED: Final = frozenset(s for s in State if _TABLE[s].refusal is None)
#: States in which the tenant's role cannot reach its schema.
CLOSED: Final = frozenset(s for s in State if _TABLE[s].data is Data.CLOSED)


def of(tenant: TenantInfo) -> Conduct:
    """Return what the tenant does now."""
    if tenant.state in OVERLAID:
        if tenant.migration_hold:
            return HOLD
        if in_maintenance(tenant):
            return MAINTENANCE
    return TABLE[tenant.state]


def in_maintenance(tenant: TenantInfo | Tenant) -> bool:
    """Tell whether a maintenance lies over the tenant's state now."""
    until = tenant.maintenance_until
    return until is not None and tenant.state in OVERLAID and until > clock.now()


def working() -> Q:
    """Return which rows of Tenant work by themselves: served, nothing over them."""
    over = Q(maintenance_until__isnull=True) | Q(maintenance_until__lte=clock.now())
    return over & Q(state__in=SERVED, migration_hold=False, shadow_of__isnull=True)
