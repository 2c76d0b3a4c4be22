"""The states of a tenant and the moves between them; `conduct` says what each does.

Only `change_state` assigns a tenant's state: a test scans the source for others, and
`Tenant.save` refuses them.
"""

from typing import Final

from django.db import transaction
from django.db.models import F

from kernel import clock
from tenants import events, roles
from tenants.context import TenantInfo, use_control
from tenants.errors import MoveRefused
from tenants.life import conduct, revoking
from tenants.life.conduct import CLOSED, OVERLAID, SERVED, TABLE, Data
from tenants.models import ProvisioningRun, Tenant, WakeUp

__all__ = [
    "CLOSED",
    "MOVES",
    "SERVED",
    "WITH_SCHEMA",
    "State",
    "change_state",
    "hold",
    "is_open",
    "is_served",
    "let_in",
    "let_in_again",
    "may_move",
    "set_wake_up",
]

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
#: States in which there is a schema.
WITH_SCHEMA: Final = frozenset(State) - {
    State.PROVISIONING,
    State.FAILED,
    State.ARCHIVED,
    State.PURGED,
}


def is_served(state: str) -> bool:
    """Tell whether a tenant in this state works as usual; an overlay may still stop it.

    `conduct.of(tenant)` knows of both.
    """
    return state in SERVED


def is_open(state: str) -> bool:
    """Tell whether a tenant's role may use its schema in this state."""
    return state not in CLOSED


def may_move(tenant: Tenant, to: State) -> bool:
    """Tell whether a tenant may go to a state from where it is."""
    if to not in MOVES[State(tenant.state)]:
        return False
    if tenant.state != State.DELETING or to == tenant.state_before:
        return True
    # An archived tenant has no schema to be suspended with.
    has_schema = tenant.state_before != State.ARCHIVED
    return to == State.PURGED or (to == State.SUSPENDED and has_schema)


def change_state(tenant: Tenant, to: State, *, reason: str, by: str) -> Tenant:
    """Move a tenant to another state on every plane in one go, and return its row.

    In the caller's transaction, or one of its own: the row, the rights of its role, its
    wake-up, the end of its sessions where it is to be deleted, and the event.
    Raises MoveRefused where MOVES does not have the way; nothing is changed then.
    """
    with use_control(), transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        before = State(locked.state)
        if not may_move(locked, to):
            raise MoveRefused(f"{locked} is {before.value}, so this is refused.")
        if before == State.DELETING and to != State.PURGED:
            require_no_purge(locked)
        write_down(locked, to, reason=reason[:255])
        if to == State.DELETING and not revoking.end_sessions(locked.info()):
            end_all_signed(locked)
        set_wake_up(locked)
        let_in(locked, to, before=before)
        events.record(
            f"tenant.{to.value}",
            by=by,
            tenant=locked.uuid,
            result=to.value,
            before=before.value,
            reason=reason[:255],
        )
    return locked


def require_no_purge(locked: Tenant) -> None:
    """Raise MoveRefused where a purge has begun: there is no way back from that."""
    runs = ProvisioningRun.objects.filter(
        tenant_uuid=locked.uuid,
        kind=ProvisioningRun.Kind.PURGE,
        state__in=ProvisioningRun.OPEN,
    )
    if runs.exists():
        raise MoveRefused(f"{locked.slug} is being purged, and nothing stops that.")


def write_down(locked: Tenant, to: State, *, reason: str) -> None:
    """Write the new state with what depends on it."""
    before = State(locked.state)
    locked.state = to
    locked.state_since = clock.now()
    locked.state_reason = reason
    locked.state_before = before if to == State.DELETING else ""
    if to not in OVERLAID:
        locked.maintenance_until = None
    if before == State.DELETING and to != State.PURGED:
        locked.purge_after = None
    fields = ["state", "state_since", "state_reason", "state_before"]
    locked.save(update_fields=[*fields, "maintenance_until", "purge_after"], moves=True)
    if to == State.PURGED:
        end_all_signed(locked)


def end_all_signed(locked: Tenant) -> None:
    """Raise the generation: what was signed, queued or cached before is over."""
    Tenant.objects.filter(pk=locked.pk).update(
        generation=F("generation") + 1, cache_epoch=F("cache_epoch") + 1
    )
    locked.refresh_from_db(fields=["generation", "cache_epoch"])


def hold(tenant: Tenant, *, on: bool, by: str) -> Tenant:
    """Keep a tenant from being served because of its schema's revision, or no longer.

    Lies over trial, active and past_due, and changes no state (STA-3). A tenant that is
    held already, or not, is left as it is.
    """
    with use_control(), transaction.atomic():
        locked: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if locked.migration_hold != on:
            locked.migration_hold = on
            locked.save(update_fields=["migration_hold"])
            set_wake_up(locked)
            action = "tenant.held" if on else "tenant.released"
            events.record(action, by=by, tenant=locked.uuid)
    return locked


def let_in(tenant: Tenant, state: State, *, before: State | None = None) -> None:
    """Give the tenant's role what a state allows, whatever the code asks for.

    `before` is the state whose rights it has, by default one with all of them.
    """
    info = tenant.info()
    now, then = TABLE[state].data, TABLE[before or State.ACTIVE].data
    if Data.READS in {now, then} and roles.is_there(info):
        roles.grant(info)
    turn = roles.close_schema if now is Data.CLOSED else roles.open_schema
    turn(info)


def let_in_again(tenant: TenantInfo) -> None:
    """Give the tenant's role what the present state allows.

    `tenant` is as it was known when its role got its rights.
    """
    with use_control(), transaction.atomic():
        row = Tenant.objects.select_for_update().get(uuid=tenant.uuid)
        let_in(row, State(row.state), before=State(tenant.state))


def set_wake_up(tenant: Tenant) -> None:
    """Let due work start, at once, or stop it; a run under way loses its lease.

    During a maintenance nobody has the lease until its end, so that nothing is taken
    before, whatever is armed, and everything after, whoever forgets to end it.
    """
    is_over = tenant.maintenance_until if conduct.in_maintenance(tenant) else None
    WakeUp.objects.filter(tenant=tenant).update(
        enabled=is_served(tenant.state) and not tenant.migration_hold,
        next_due=clock.now(),
        lease_until=is_over,
        run_no=F("run_no") + 1,
    )
