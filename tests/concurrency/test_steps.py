"""The same instance moved from two sides at once, a hundred times."""

from collections import Counter
from datetime import timedelta

import pytest

from accounts.models import User
from kernel import clock
from tenants.context import TenantInfo, use
from tests import twins
from tests.concurrency.racing import race
from tests.workflow.processes import (
    approval,
    at,
    do,
    install,
    parallel,
    sent_for_approval,
    standing,
    start,
)
from workflow import timers
from workflow.models import AuditEvent, ProcessInstance, Timer, WorkItem
from workflow.routing import Marking

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20
CONFLICTS = {"workitem.closed", "workitem.conflict", "workitem.state", "workitem.busy"}


@pytest.fixture(params=["optimistic", "pessimistic"])
def strategy(request, settings) -> str:
    settings.GOFLOW_LOCK_STRATEGY = request.param
    return request.param


@pytest.fixture
def tenant() -> TenantInfo:
    return twins.info("acme")


def people() -> tuple[User, User]:
    return User.objects.get(username="alice"), User.objects.get(username="bob")


def consistent(instance_id: int) -> None:
    """Check that marking, work items and audit of an instance agree."""
    instance = ProcessInstance.objects.get(pk=instance_id)
    marking = Marking.from_json(instance.marking)
    live = Counter(
        WorkItem.objects.filter(
            instance=instance, status__in=("inactive", "active")
        ).values_list("activity__key", flat=True)
    )
    blocked = Counter(
        WorkItem.objects.filter(instance=instance, status="blocked").values_list(
            "activity__key", flat=True
        )
    )
    assert dict(live) == dict(marking.at)
    assert dict(blocked) == {key: len(ids) for key, ids in marking.rounds.items()}
    events = AuditEvent.objects.of_instance(instance_id).values_list("seq", flat=True)
    assert list(events) == list(range(1, instance.audit_seq + 1))
    assert (instance.status == "complete") is marking.is_empty
    forwarded = Counter(
        AuditEvent.objects.filter(
            instance_id=instance_id, action="workitem.forwarded"
        ).values_list("workitem_id", flat=True)
    )
    assert set(forwarded.values()) <= {1}


def test_r7_of_two_completions_at_once_one_wins(tenant, strategy):
    with use(tenant):
        alice, bob = people()
        install(approval())
        for round_ in range(ROUNDS):
            item = sent_for_approval(alice, bob)
            item.activate(bob)
            twice = [WorkItem.objects.get(pk=item.pk) for _ in range(2)]
            results = race(
                tenant,
                lambda twice=twice: twice[0].complete(bob, condition="APPROVED"),
                lambda twice=twice: twice[1].complete(bob, condition="REJECTED"),
            )
            assert results.count("done") == 1, (round_, results)
            assert set(results) - {"done"} <= CONFLICTS, results
            outcome = ["APPROVED", "REJECTED"][results.index("done")]
            last = {"APPROVED": ("end", "complete"), "REJECTED": ("ask", "inactive")}
            assert standing(item.instance)[2:] == [last[outcome]]
            consistent(item.instance_id)


def test_a_completion_and_a_timeout_at_once_make_one_successor(tenant, strategy):
    winners = Counter()
    with use(tenant):
        alice, bob = people()
        install(approval())
        for round_ in range(ROUNDS):
            item = sent_for_approval(alice, bob)
            item.activate(bob)
            Timer.objects.filter(workitem=item).update(
                due_at=clock.now() - timedelta(seconds=1)
            )
            completed, fired = race(
                tenant,
                lambda item=item: item.complete(bob, condition="APPROVED"),
                lambda: timers.run_due(5),
            )
            state = at(item.instance, "approve").status
            winners[state] += 1
            if completed == "done":
                assert state == "complete", (round_, completed, fired)
            else:
                assert completed in CONFLICTS, completed
            # A timeout that could not take the item now takes it at the next look.
            timers.run_due(5)
            state = at(item.instance, "approve").status
            successor = {"complete": "end", "expired": "escalate"}[state]
            assert [key for key, _ in standing(item.instance)[2:]] == [successor]
            assert not Timer.objects.pending().filter(workitem=item).exists()
            consistent(item.instance_id)
    assert sum(winners.values()) == ROUNDS


def test_two_schedulers_fire_each_timeout_once(tenant, strategy):
    with use(tenant):
        alice, bob = people()
        install(approval())
        items = [sent_for_approval(alice, bob) for _ in range(20)]
        Timer.objects.update(due_at=clock.now() - timedelta(seconds=1))

        def scan() -> int:
            return sum(timers.run_due(100) for _ in range(3))

        results = race(tenant, scan, scan, scan)

        assert sum(results) == len(items)
        for item in items:
            assert standing(item.instance)[1:] == [
                ("approve", "expired"),
                ("escalate", "inactive"),
            ]
            consistent(item.instance_id)


def test_r6_two_branches_that_reach_a_join_at_once_release_it(tenant, strategy):
    with use(tenant):
        alice, bob = people()
        install(parallel())
        for round_ in range(ROUNDS):
            item = start(alice)
            do(item, alice)
            branches = [at(item.instance, key) for key in ("security", "finance")]
            for branch in branches:
                branch.activate(bob)
            results = race(
                tenant,
                lambda branches=branches: branches[0].complete(bob),
                lambda branches=branches: branches[1].complete(bob),
            )
            assert results == ["done", "done"], (round_, results)
            assert standing(item.instance)[3:] == [("finalize", "inactive")]
            consistent(item.instance_id)


def test_of_two_people_who_take_an_item_at_once_one_holds_it(tenant, strategy):
    with use(tenant):
        alice, bob = people()
        carol = User.objects.get(username="carol")
        install(approval())
        for round_ in range(ROUNDS // 2):
            item = sent_for_approval(alice, bob)
            twice = [WorkItem.objects.get(pk=item.pk) for _ in range(2)]
            results = race(
                tenant,
                lambda twice=twice: twice[0].activate(bob),
                lambda twice=twice: twice[1].activate(carol),
            )
            assert results.count("done") == 1, (round_, results)
            assert set(results) - {"done"} == {"workitem.held"}
            holder = [bob, carol][results.index("done")]
            assert at(item.instance, "approve").user == holder
            consistent(item.instance_id)


def test_a_step_waits_for_the_instance_only_so_long(tenant, settings):
    from django.db import transaction

    settings.GOFLOW_LOCK_STRATEGY = "pessimistic"
    settings.GOFLOW_LOCK_TIMEOUT_MS = 100
    with use(tenant):
        alice, bob = people()
        install(approval())
        item = sent_for_approval(alice, bob)
        with transaction.atomic():
            ProcessInstance.objects.select_for_update().get(pk=item.instance_id)
            assert race(tenant, lambda: item.activate(bob)) == ["workitem.busy"]


def test_r47_two_publishings_at_once_make_one_version(tenant):
    from workflow.models import Process

    with use(tenant):
        data = approval(code="raced")
        race(tenant, lambda: install(data).pk, lambda: install(data).pk)
        rows = Process.objects.filter(code="raced")
        assert list(rows.values_list("version", "status")) == [(1, "published")]
