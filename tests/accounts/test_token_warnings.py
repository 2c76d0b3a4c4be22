"""Owners of API tokens hear 14 and 3 days before the end, by themselves and once."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import api_tokens, service_accounts, token_warnings
from accounts.models import ApiToken, MailMessage, User
from kernel import clock
from tenants import scheduler
from tenants.context import use, use_control
from tenants.scheduling import sources
from tests.accounts.conftest import TEN_O_CLOCK

DAY = timedelta(days=1)


def next_due() -> datetime | None:
    return sources.earliest(token_warnings.due_instants())


def made(bob, days=90, **more):
    return api_tokens.create(
        owner=bob, name="Wall", scopes_named=["profile:read"], days=days, **more
    ).token


def told():
    """Return to whom and with how many days mails were written, the oldest first."""
    rows = MailMessage.objects.filter(category="token_expiring").order_by("id")
    return [(row.to, row.context["days"]) for row in rows]


def test_two_mails_come_and_each_once(in_acme, bob, at_ten):
    made(bob)
    assert next_due() == TEN_O_CLOCK + 76 * DAY
    clock.advance(76 * DAY - timedelta(seconds=1))
    assert token_warnings.run_due(10) == 0
    clock.advance(timedelta(seconds=1))
    assert [token_warnings.run_due(10) for _ in range(2)] == [1, 0]
    assert next_due() == TEN_O_CLOCK + 87 * DAY
    clock.advance(11 * DAY)
    assert [token_warnings.run_due(10) for _ in range(2)] == [1, 0]
    assert told() == [([bob.email], 14), ([bob.email], 3)]
    assert next_due() is None


def test_who_was_away_for_long_gets_one_mail(in_acme, bob, at_ten):
    made(bob)
    clock.advance(89 * DAY)
    assert [token_warnings.run_due(10) for _ in range(2)] == [1, 0]
    assert told() == [([bob.email], 1)]


def test_where_nothing_is_due_the_database_is_asked_once(in_acme, bob, at_ten):
    made(bob)
    with CaptureQueriesContext(connection) as asked:
        assert token_warnings.run_due(100) == 0
    assert len([one for one in asked if "FOR UPDATE" in one["sql"]]) == 1


@pytest.mark.parametrize(
    ("days", "steps"), [(15, [14, 3]), (14, [3]), (3, []), (1, [])]
)
def test_a_short_token_is_not_told_of_at_once(in_acme, bob, at_ten, days, steps):
    made(bob, days)
    assert token_warnings.run_due(10) == 0
    for _ in range(days):
        token_warnings.run_due(10)
        clock.advance(DAY)
    assert [left for _, left in told()] == steps


@pytest.mark.parametrize("end", ["revoked", "rotated", "over", "owner gone"])
def test_what_ends_anyway_is_told_to_nobody(in_acme, bob, at_ten, end):
    token = made(bob)
    if end == "revoked":
        api_tokens.revoke(token)
    if end == "rotated":
        api_tokens.rotate(token)
        ApiToken.objects.exclude(pk=token.pk).delete()
    if end == "owner gone":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    clock.advance(90 * DAY if end == "over" else 80 * DAY)
    token_warnings.run_due(10)
    assert told() == []
    assert next_due() in {
        None,
        TEN_O_CLOCK + 87 * DAY,
    }


def test_of_a_service_accounts_token_who_made_it_hears(in_acme, admin, at_ten):
    robot = service_accounts.create(name="Payroll", by=admin)
    made(robot, by=admin)
    clock.advance(80 * DAY)
    token_warnings.run_due(10)
    assert told() == [([admin.email], 10)]


def test_of_a_token_that_nobody_made_the_owners_and_administrators_hear(
    in_acme, admin, at_ten
):
    User.objects.filter(role="owner").update(
        is_active=True, email_verified_at=TEN_O_CLOCK
    )
    made(service_accounts.create(name="Payroll", by=admin))
    clock.advance(80 * DAY)
    token_warnings.run_due(10)
    assert sorted(told()) == [([admin.email], 10), (["owner@acme.test"], 10)]


def test_a_batch_takes_no_more_than_it_was_asked_for(in_acme, bob, at_ten):
    for _ in range(3):
        made(bob)
    clock.advance(80 * DAY)
    assert [token_warnings.run_due(2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_it_happens_by_itself(bob, acme, at_ten):
    with use(acme):
        made(bob)
    with use_control():
        scheduler.run_all_inline(only=[acme.uuid])
    clock.advance(76 * DAY)
    with use_control():
        result = scheduler.tick()
    assert result.ran["acme"]["accounts.token_warnings"] == 1
    with use(acme):
        assert told() == [([bob.email], 14)]
