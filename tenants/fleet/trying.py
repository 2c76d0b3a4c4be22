"""One tenant's way: by recorded SQL or by Django, tried again where a lock is in it."""

import random
import time
from collections.abc import Callable
from typing import Final

from django.db import connection

from kernel.translation import sqlstate, told
from tenants import roles, states
from tenants.context import TenantInfo, use_control
from tenants.fleet import ledger, missing, reading, recipes
from tenants.fleet.executor import FleetExecutor
from tenants.fleet.ledger import Entry, Mode, State
from tenants.fleet.numbering import Numbers
from tenants.fleet.orders import Failure, Order, Outcome
from tenants.fleet.owning import bare
from tenants.fleet.recipes import Broken, Recipe
from tenants.fleet.recording import Notes
from tenants.models import MigrationPlan

#: A lock was not to be had, or two waited for each other.
LOCKED: Final = frozenset({"55P03", "40P01"})
#: What a replay answers where the schema is not where the canary was (the guard), has
#: rows of its own under the template's numbers, or where PostgreSQL wants several
#: transactions: Django's migrations then have their turn.
FOR_DJANGO: Final = frozenset({"22012", "23505", "55006"})
#: A key that is taken; where a migration says so, it is the tenant's own row.
TAKEN: Final = "23505"

#: The executors of this process, by the word of the schemas they are for.
Executors = dict[str, FleetExecutor]


def with_patience(
    tenant: TenantInfo,
    act: Callable[[int], Mode],
    *,
    wave: int,
    order: Order,
    sleep: Callable[[float], object] = time.sleep,
) -> Outcome:
    """Act until no lock is in the way; `act` gets the number of the attempt.

    A tenant whose tables stay locked is deferred.
    """
    for attempt in range(1, len(order.pauses) + 2):
        try:
            mode = act(attempt)
        except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
            failure = described(error)
            if failure.sqlstate not in LOCKED:
                return Outcome(tenant, State.FAILED, wave, None, attempt, failure)
            if attempt <= len(order.pauses):
                sleep(order.pauses[attempt - 1] * random.uniform(0.5, 1.5))  # noqa: S311 - jitter is no secret
        else:
            return Outcome(tenant, State.DONE, wave, mode, attempt)
    return Outcome(tenant, State.DEFERRED, wave, None, attempt, failure)


def described(error: Exception) -> Failure:
    """Return what the list of failures says of an error.

    The control plane keeps it, so it has no value of a tenant's row.
    """
    place = error if isinstance(error, Broken | Interrupted) else None
    behind = error.__cause__
    reason = behind if place is not None and isinstance(behind, Exception) else error
    code = sqlstate(reason)
    text = f"{type(reason).__name__}: {told(reason)}"
    return Failure(
        migration=place.migration if place else "",
        statement_no=place.number if place else None,
        sqlstate=code or "",
        text=text[:500],
    )


class Interrupted(Exception):
    """A migration of Django's failed; `__cause__` is why."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes.migration)
        self.migration = notes.migration
        self.number = notes.sent or None


def entry_of(
    plan: MigrationPlan, *, by: str, wave: int, mode: Mode, attempts: int
) -> Entry:
    return Entry(plan.pk, plan.to_rev, by, wave, mode, attempts)


def replayed(
    tenant: TenantInfo,
    recipe: Recipe,
    *,
    plan: MigrationPlan,
    order: Order,
    by: str,
    wave: int,
    attempt: int,
) -> Mode:
    """Replay a recipe. Raises Broken."""
    mode = Mode.REPLAY
    entry = entry_of(plan, by=by, wave=wave, mode=mode, attempts=attempt)
    recipes.replay(tenant, recipe, entry=entry, order=order)
    return mode


def needs_django(outcome: Outcome) -> bool:
    """Tell whether a replay failed for what Django's migrations may do."""
    failure = outcome.failure
    if failure is None or failure.sqlstate not in FOR_DJANGO:
        return False
    return failure.sqlstate != TAKEN or not failure.migration


def migrated(
    tenant: TenantInfo,
    *,
    executors: Executors,
    numbers: Numbers,
    order: Order,
    finish: Callable[[], object],
    notes: Notes | None = None,
) -> Mode:
    """Run Django's migrations in a schema, from where it stands; make what is missing.

    `finish` runs in the last transaction. Raises Interrupted, and Leaving where the
    schema is missing because the tenant has left.
    """
    notes = Notes() if notes is None else notes
    with use_control():
        word = reading.words([tenant.schema_name]).get(
            tenant.schema_name, reading.NOTHING
        )
    if word == reading.NOTHING:
        missing.make_again(tenant)
    try:
        with bare(tenant, lock_timeout_ms=order.lock_timeout_ms):
            executor = executors.get(word)
            if executor is None:
                executor = executors[word] = FleetExecutor()

            def arrived() -> None:
                roles.protect(tenant)
                finish()

            executor.run(
                finish=arrived,
                numbers=numbers,
                notes=notes,
                build_lock_timeout_ms=order.build_lock_timeout_ms,
            )
    except Exception as error:
        connection.close_if_unusable_or_obsolete()
        raise Interrupted(notes) from error
    if word == reading.NOTHING:
        states.let_in_again(tenant)
    return Mode.PYTHON


def finishing(
    tenant: TenantInfo,
    plan: MigrationPlan,
    *,
    by: str,
    wave: int,
    attempt: int,
) -> Callable[[], None]:
    """Return what writes the ledger in the last transaction of Django's way."""

    def finish() -> None:
        mode = Mode.PYTHON
        entry = entry_of(plan, by=by, wave=wave, mode=mode, attempts=attempt)
        ledger.write(entry, tenant.uuid)

    return finish
