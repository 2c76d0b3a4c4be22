"""The states of a tenant, the moves between them, and what each answers.

Only `change_state` assigns a tenant's state; a test scans the source for others.
"""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.errors import (
    ApplicationError,
    Gone,
    Locked,
    NotFound,
    Unavailable,
)
from tenants import events, roles
from tenants.context import TenantInfo, use_control
from tenants.errors import MoveRefused
from tenants.models import Tenant, WakeUp

State = Tenant.State

#: From each state to those it may go to. Back from deleting a tenant goes only to
#: where it came from, or to being suspended.
MOVES: Final[dict[State, frozenset[State]]] = {
    State.PROVISIONING: frozenset({State.TRIAL, State.ACTIVE, State.FAILED}),
    State.FAILED: frozenset({State.PROVISIONING, State.PURGED}),
    State.TRIAL: frozenset(
        {State.ACTIVE, State.PAST_DUE, State.SUSPENDED, State.DELETING}
    ),
    State.ACTIVE: frozenset(
        {State.PAST_DUE, State.SUSPENDED, State.ARCHIVED, State.DELETING}
    ),
    State.PAST_DUE: frozenset({State.ACTIVE, State.SUSPENDED, State.DELETING}),
    State.SUSPENDED: frozenset({State.ACTIVE, State.ARCHIVED, State.DELETING}),
    State.ARCHIVED: frozenset({State.ACTIVE, State.DELETING}),
    State.DELETING: frozenset(
        {
            State.TRIAL,
            State.ACTIVE,
            State.PAST_DUE,
            State.SUSPENDED,
            State.ARCHIVED,
            State.PURGED,
        }
    ),
    State.PURGED: frozenset(),
}
#: States in which the tenant's role cannot reach its schema.
CLOSED: Final = frozenset(
    {State.FAILED, State.SUSPENDED, State.ARCHIVED, State.DELETING, State.PURGED}
)
#: States in which the tenant's pages, tasks and timers run.
SERVED: Final = frozenset({State.TRIAL, State.ACTIVE})
#: States in which there is a schema.
WITH_SCHEMA: Final = frozenset(State) - {
    State.PROVISIONING,
    State.FAILED,
    State.ARCHIVED,
    State.PURGED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What every path of a tenant in this state answers."""

    kind: type[ApplicationError]
    code: str
    detail: Promise
    retry_after: int

    def error(self) -> ApplicationError:
        """Return the refusal as an error, with its Retry-After."""
        return self.kind(
            str(self.detail),
            code=self.code,
            headers={"Retry-After": str(self.retry_after), "Cache-Control": "no-store"},
        )


REFUSALS: Final[dict[State, Refusal]] = {
    State.PROVISIONING: Refusal(
        Unavailable,
        "tenant_provisioning",
        _("This workspace is being set up. Try again in a moment."),
        retry_after=5,
    ),
    State.FAILED: Refusal(
        Unavailable,
        "tenant_failed",
        _("This workspace could not be set up."),
        retry_after=3600,
    ),
    State.SUSPENDED: Refusal(
        Locked,
        "tenant_suspended",
        _("This workspace is paused."),
        retry_after=3600,
    ),
    State.PAST_DUE: Refusal(
        Locked,
        "payment_required",
        _("This workspace has an open payment."),
        retry_after=3600,
    ),
    State.ARCHIVED: Refusal(
        Gone, "tenant_archived", _("This workspace was archived."), retry_after=0
    ),
    State.DELETING: Refusal(
        Gone, "tenant_deleting", _("This workspace is being deleted."), retry_after=0
    ),
    # Its hosts lead nowhere; who remembers one for a moment hears the same.
    State.PURGED: Refusal(NotFound, "not_found", _("Not found."), retry_after=0),
}


def is_served(state: str) -> bool:
    """Tell whether a tenant in this state works as usual."""
    return state in SERVED


def is_open(state: str) -> bool:
    """Tell whether a tenant's role may use its schema in this state."""
    return state not in CLOSED


def change_state(tenant: Tenant, to: State, *, reason: str, by: str) -> Tenant:
    """Move a tenant to another state, with its event and its wake-ups, in one go.

    Raises MoveRefused where MOVES does not have the way; nothing is changed then.
    """
    with use_control(), transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        before = State(locked.state)
        if to not in MOVES[before]:
            raise MoveRefused(f"{locked.slug} is {before.value}, so this is refused.")
        locked.state = to
        locked.state_since = clock.now()
        locked.state_reason = reason[:255]
        locked.save(update_fields=["state", "state_since", "state_reason"])
        switch_wake_up(locked, on=is_served(to))
        let_in(locked, to)
        events.record(
            f"tenant.{to.value}",
            by=by,
            tenant=locked.uuid,
            result=to.value,
            before=before.value,
            reason=reason[:255],
        )
    return locked


def let_in(tenant: Tenant, state: State) -> None:
    """Open or close the schema to the tenant's role, whatever the code asks for."""
    turn = roles.close_schema if state in CLOSED else roles.open_schema
    turn(tenant.info())


def let_in_again(tenant: TenantInfo) -> None:
    """Open or close the schema as the tenant's present state says."""
    with use_control(), transaction.atomic():
        row = Tenant.objects.select_for_update().get(uuid=tenant.uuid)
        let_in(row, State(row.state))


def switch_wake_up(tenant: Tenant, *, on: bool) -> None:
    """Let due work start, at once, or stop it; a run under way loses its lease."""
    now = clock.now()
    WakeUp.objects.filter(tenant=tenant).update(
        enabled=on, next_due=now, lease_until=None, run_no=F("run_no") + 1
    )
