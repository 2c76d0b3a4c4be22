"""Two schedulers that are killed at random fire each timer exactly once."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections, transaction

from accounts.models import User
from kernel import clock
from tenants import scheduler
from tenants.context import TenantInfo, use, use_control
from tenants.models import WakeUp
from tests import twins
from tests.tenants.worker import ROOT, surroundings
from tests.workflow.processes import approval, install, sent_for_approval
from workflow.models import AuditEvent, Timer, WorkItem

SITES = ("acme", "globex")
TIMERS = 12
KILLS = 16
SEED = int(os.environ.get("TRIALS_SEED", "6"))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sites(transactional_db) -> list[TenantInfo]:
    """Return tenants in each of which a dozen timers are due and nothing else is."""
    found = [twins.info(slug) for slug in SITES]
    for tenant in found:
        with use(tenant), transaction.atomic():
            install(approval())
            alice, bob = (User.objects.get(username=n) for n in ("alice", "bob"))
            for _number in range(TIMERS):
                sent_for_approval(alice, bob)
            due = Timer.objects.filter(kind=Timer.Kind.TIMEOUT)
            due.update(due_at=clock.now() - timedelta(minutes=1))
            scheduler.arm(clock.now())
    return found


def fired(tenant: TenantInfo) -> dict[str, Counter[object]]:
    with use(tenant):
        timers = Timer.objects.filter(kind=Timer.Kind.TIMEOUT)
        late = AuditEvent.objects.filter(action="workitem.timeout")
        next_ones = WorkItem.objects.filter(activity__key="escalate")
        return {
            "timers": Counter(timers.values_list("state", flat=True)),
            "told": Counter(
                Counter(late.values_list("instance_id", flat=True)).values()
            ),
            "next": Counter(
                Counter(next_ones.values_list("instance_id", flat=True)).values()
            ),
        }


def test_two_schedulers_killed_at_random_fire_each_timer_exactly_once(sites) -> None:
    connections.close_all()
    program = [sys.executable, "-m", "tests.workflow.trials.ticking"]
    subprocess.run(
        [*program, str(SEED), str(KILLS)],
        cwd=ROOT,
        env={**os.environ, **surroundings()},
        check=True,
        timeout=90,
    )
    begun = sum(fired(tenant)["timers"][Timer.State.DONE] for tenant in sites)
    assert begun, "the schedulers were killed before they did anything"
    with use_control():
        WakeUp.objects.update(lease_until=None)
        for tenant in sites:
            with use(tenant), transaction.atomic():
                scheduler.arm(clock.now())
    scheduler.run_all_inline(only=[tenant.uuid for tenant in sites])
    for tenant in sites:
        assert fired(tenant) == {
            "timers": {Timer.State.DONE: TIMERS},
            "told": {1: TIMERS},
            "next": {1: TIMERS},
        }
