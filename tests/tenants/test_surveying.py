"""What operators see of all tenants: size, drift, last activity."""

from datetime import timedelta

import pytest
from django.db import connection

from accounts import events
from accounts.models import User
from kernel import clock
from tenants import fleet, scheduler
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.models import Chore, Survey
from tenants.scheduling import upkeep
from tenants.watching import surveying

pytestmark = pytest.mark.django_db(transaction=True)


def seen(tenant: TenantInfo) -> Survey:
    with use_control():
        return Survey.objects.get(tenant__uuid=tenant.uuid)


@pytest.fixture
def _template(acme, globex) -> None:
    fleet.compile_template()


@pytest.mark.usefixtures("_template")
def test_a_survey_knows_size_drift_and_last_activity(
    acme, globex, frozen_clock
) -> None:
    with use(acme):
        events.record("sign_in", subject=User.objects.get(username="alice"))
    assert surveying.survey() == 2
    assert seen(acme).last_activity_at == clock.now()
    assert seen(acme).table_bytes > 100_000
    assert seen(acme).differences == seen(globex).differences == 0
    assert seen(acme).surveyed_at == clock.now()


@pytest.mark.usefixtures("_template")
def test_a_later_survey_replaces_the_one_before(acme, globex, frozen_clock) -> None:
    surveying.survey()
    clock.advance(timedelta(hours=1))
    owner = as_owner(acme)
    with use(owner), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leave_leaverequest ADD COLUMN stray integer")
    try:
        surveying.survey()
    finally:
        with use(owner), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE leave_leaverequest DROP COLUMN stray")
    assert seen(acme).differences > 0
    assert seen(globex).differences == 0
    assert seen(globex).surveyed_at == clock.now()


def test_without_a_template_nobody_says_that_all_is_well(acme, monkeypatch) -> None:
    monkeypatch.setattr(surveying, "find_template", lambda: None)
    surveying.survey()
    assert seen(acme).differences is None


def test_it_is_made_by_the_tick_each_hour(acme, globex, settings) -> None:
    settings.TENANTRY_DISPATCH = "cron"
    settings.TENANT_DUE_SOURCES = settings.CONTROL_DUE_SOURCES = []
    with use_control():
        Chore.objects.all().delete()
    scheduler.tick()
    first = seen(acme).surveyed_at
    with use_control():
        row = Chore.objects.get(name="survey")
    assert row.next_due - first > timedelta(minutes=50)
    assert upkeep.DUTIES["survey"].every == timedelta(hours=1)
