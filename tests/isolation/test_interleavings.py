"""Whatever happens and in which order, each statement runs where its context says.

CTX-14, KIT-5, KIT-6. With ISOLATION=long a hundred thousand steps are compared, from a
seed that is new each time; ISOLATION_SEED gives one, ISOLATION_REPLAY names a file with
the schedule that a failed run printed.
"""

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from tenants import context
from tenants.db import cursors
from tenants.db.base import DatabaseWrapper
from tenants.db.transactions import TransactionOwner
from tenants.testing import interleave
from tenants.testing.interleave import schedules
from tenants.testing.interleave.pooled import ALIAS, alias_known, pool_open

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", ALIAS]),
    pytest.mark.slow,
]

IS_LONG = os.environ.get("ISOLATION") == "long"
#: The long form is cut into parts, so that it runs on all cores.
PARTS = range(4) if IS_LONG else range(1)
STEPS_OF_PART = 25_000 if IS_LONG else 2_000
STEPS_OF_CONTROL = 5_000


@pytest.fixture(autouse=True, scope="module")
def _alias(django_db_setup) -> Iterator[None]:
    with alias_known():
        yield


@pytest.fixture
def aliases() -> Iterator[tuple[str, str]]:
    with pool_open() as alias:
        yield "default", alias


def seed() -> int:
    usual = secrets.randbelow(10**9) if IS_LONG else 1
    return int(os.environ.get("ISOLATION_SEED") or usual)


@pytest.mark.parametrize("part", PARTS)
def test_each_statement_runs_where_its_context_says(
    acme, globex, aliases, record_property, part
):
    if path := os.environ.get("ISOLATION_REPLAY"):
        text = Path(path).read_text()
        interleave.replay(text, [acme, globex], aliases=aliases)
        return
    report = interleave.run(
        [acme, globex],
        seed=seed() + part * 1_000_000,
        at_least=STEPS_OF_PART,
        aliases=aliases,
    )
    record_property("interleavings", report.compared)
    assert report.compared >= STEPS_OF_PART


class OneForAll:
    """What a context must not be kept in: a variable that all threads share."""

    def __init__(self) -> None:
        self.value = None

    def get(self):
        return self.value

    def set(self, value):
        before, self.value = self.value, value
        return before

    def reset(self, before):
        self.value = before


class OneForEachThread(threading.local):
    """What it must not be kept in either: the tasks of a loop share it."""

    value = None
    get, set, reset = OneForAll.get, OneForAll.set, OneForAll.reset


# Where a defence has a second one behind it, both are off.


def keep_after_savepoint(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cursors, "moves", lambda statement, connection: False)
    parent = BaseDatabaseWrapper._savepoint_rollback
    patch.setattr(DatabaseWrapper, "_savepoint_rollback", parent)


def keep_after_rollback(patch: pytest.MonkeyPatch) -> None:
    never = property(lambda self: False, lambda self, value: None)
    patch.setattr(DatabaseWrapper, "_within", never, raising=False)
    for name in ("rollback", "_rollback"):
        patch.setattr(DatabaseWrapper, name, getattr(BaseDatabaseWrapper, name))


def keep_after_close(patch: pytest.MonkeyPatch) -> None:
    for name in ("close", "connect"):
        patch.setattr(DatabaseWrapper, name, getattr(BaseDatabaseWrapper, name))


def share_among_threads(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(context, "_current", OneForAll())


def share_among_tasks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(context, "_current", OneForEachThread())


def let_two_into_a_transaction(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TransactionOwner, "_refuse_another", lambda self, context: None)


def forget_who_registered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DatabaseWrapper, "on_commit", BaseDatabaseWrapper.on_commit)


@pytest.mark.parametrize(
    "switch_off",
    [
        keep_after_savepoint,
        keep_after_rollback,
        keep_after_close,
        share_among_threads,
        share_among_tasks,
        let_two_into_a_transaction,
        forget_who_registered,
    ],
)
def test_a_defence_that_is_off_is_noticed(
    acme, globex, aliases, monkeypatch, switch_off: Callable
):
    with monkeypatch.context() as patch:
        switch_off(patch)
        with pytest.raises(interleave.Mismatch) as found:
            interleave.run(
                [acme, globex],
                seed=1,
                at_least=STEPS_OF_CONTROL,
                aliases=aliases,
                shorten=False,
            )
    text = schedules.dumps(found.value.schedule)
    assert interleave.replay(text, [acme, globex], aliases=aliases) > 0


def test_a_schedule_that_fails_is_made_short_and_fails_again(
    acme, globex, aliases, monkeypatch
):
    with monkeypatch.context() as patch:
        keep_after_rollback(patch)
        with pytest.raises(interleave.Mismatch) as found:
            interleave.run(
                [acme, globex],
                seed=1,
                at_least=STEPS_OF_CONTROL,
                aliases=aliases,
                strands=2,
                length=20,
            )
        schedule = found.value.schedule
        assert len(schedule.strands) == 1
        assert schedules.size(schedule.strands[0].steps) <= 12
        assert str(found.value).endswith(schedules.dumps(schedule))
        text = schedules.dumps(schedule)
        with pytest.raises(interleave.Mismatch, match="the database"):
            interleave.replay(text, [acme, globex], aliases=aliases)
    assert interleave.replay(text, [acme, globex], aliases=aliases) > 0
