"""A manager who does not answer: HR gets the request, by cron and by Celery."""

import json
from datetime import timedelta

import pytest
from django.db import connections

from kernel import clock
from leave import requests
from leave.models import LeaveRequest
from leave.standing import items_of
from tenants.context import TenantInfo, use
from tests import twins
from tests.journeys.programs import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def ask_four_days_ago(slug: str) -> TenantInfo:
    """Let alice of a tenant have asked for leave that bob should have decided on."""
    tenant = twins.info(slug)
    with use(tenant), clock.frozen(clock.now() - timedelta(days=4)):
        day = requests.today() + timedelta(days=30)
        alice = requests.User.objects.get(username="alice")
        requests.ask_for_leave(kind="holiday", start=day, end=day, by=alice)
    return tenant


def stands_at(tenant: TenantInfo) -> list[str]:
    with use(tenant):
        items = items_of(LeaveRequest.objects.get()).open()
        found = [item.activity.key for item in items]
    connections.close_all()
    return found


def test_goflow_cron_moves_the_late_requests_of_all_tenants(programs):
    late = [ask_four_days_ago(slug) for slug in ("acme", "globex")]
    done = programs.manage("goflow_cron", "--all-tenants", "--json")
    assert done.returncode == 0, done.stderr
    counts = {}
    for line in done.stdout.splitlines():
        found = json.loads(line)
        counts[found["tenant"]] = found["timeout_transitions"]
    assert counts == {"acme": 1, "globex": 1}
    assert [stands_at(tenant) for tenant in late] == [["decide"], ["decide"]]
    again = programs.manage("goflow_cron", "--all-tenants", "--json")
    assert again.returncode == 0, again.stderr
    assert '"timeout_transitions": 1' not in again.stdout
    assert [stands_at(tenant) for tenant in late] == [["decide"], ["decide"]]


def test_beat_and_a_worker_move_the_late_requests(programs):
    late = [ask_four_days_ago(slug) for slug in ("acme", "globex")]
    assert [stands_at(tenant) for tenant in late] == [["approve"], ["approve"]]
    programs.worker()
    for tenant in late:
        moved = until(lambda tenant=tenant: stands_at(tenant) == ["decide"])
        assert moved, programs.log("worker") + programs.log("beat")
