"""Of steps that begin at the same instant none is lost and none counts twice (B9).

A run tries a few of each kind in both lock strategies; TRIALS=N tries N of each.
"""

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User
from kernel.errors import Conflict
from tenants.context import current_tenant, use
from tests.workflow.trials import races
from tests.workflow.trials.marking import require_whole
from tests.workflow.trials.races import Cast, NothingDue, Race
from workflow.models import AuditEvent, WorkItem
from workflow.models.work_item import LIVE

pytestmark = pytest.mark.django_db(transaction=True)

#: Five kinds in two strategies: 200 in all.
TRIALS = int(os.environ.get("TRIALS", "20"))
SEED = int(os.environ.get("TRIALS_SEED", "1"))
#: What a loser may be told.
LOSERS = (Conflict, NothingDue)


@pytest.fixture
def cast(in_acme, alice, bob, carol) -> Cast:
    carol.user_permissions.add(Permission.objects.get(codename="can_manage_instances"))
    races.prepare()
    return Cast(alice, bob, User.objects.get(pk=carol.pk))


@pytest.fixture
def runners():
    """Three threads that keep their connections."""
    with ThreadPoolExecutor(3) as pool:
        yield pool
        barrier = threading.Barrier(3)

        def leave() -> None:
            barrier.wait()
            connection.close()

        for one in [pool.submit(leave) for _ in range(3)]:
            one.result()


@pytest.mark.parametrize("prepare", races.RACES, ids=lambda one: one.__name__)
def test_b9_no_token_is_lost_and_none_is_doubled(
    frozen_clock, cast, runners, both_strategies, prepare
):
    chance = random.Random(f"{SEED} {prepare.__name__} {both_strategies}")
    for number in range(TRIALS):
        race = prepare(cast)
        answers = run(race, runners, chance)
        judge(race, answers, number)


def run(race: Race, runners, chance) -> list[BaseException | None]:
    """Let all moves begin together, or a little after one another."""
    tenant = current_tenant()
    gate = threading.Barrier(len(race.moves))
    pauses = [chance.choice((0, 0, 0.001, 0.004)) for _ in race.moves]

    def go(move, pause):
        with use(tenant):
            gate.wait(10)
            threading.Event().wait(pause)
            move()

    asked = [runners.submit(go, *one) for one in zip(race.moves, pauses, strict=True)]
    return [one.exception(60) for one in asked]


def judge(race: Race, answers: list[BaseException | None], number: int) -> None:
    """Assert that the losers were told so, and that the rows fit together."""
    lost = [answer for answer in answers if answer is not None]
    strange = [answer for answer in lost if not isinstance(answer, LOSERS)]
    assert strange == [], number
    assert len(answers) - len(lost) in race.winners, (number, answers)
    require_whole(race.instance)
    rows = WorkItem.objects.filter(instance=race.instance, status__in=LIVE)
    stand = set(rows.values_list("activity__key", flat=True))
    assert (stand, race.instance.status) in race.ends, number
    events = AuditEvent.objects.of_instance(race.instance.pk)
    places = list(events.values_list("seq", flat=True))
    assert places == list(range(1, race.instance.audit_seq + 1))
    if race.instance.status == "complete":
        done = events.filter(action="instance.status_changed", status_to="complete")
        assert done.count() == 1


def test_the_judge_sees_a_doubled_token(frozen_clock, cast, both_strategies):
    race = races.double_complete(cast)
    race.moves[0]()
    first = WorkItem.objects.filter(instance=race.instance).latest("id")
    copy = WorkItem.objects.get(pk=first.pk)
    copy.pk = None
    copy._state.adding = True
    copy.save()
    with pytest.raises(AssertionError):
        require_whole(race.instance)
