"""What is past its time goes by itself, and nothing else does."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts import challenges, events, hiring, purging, refresh_tokens, sessions
from accounts.models import Challenge, LimitCounter, RefreshSession, SecurityEvent, User
from accounts.refresh_tokens import Device
from kernel import clock
from tenants.context import use, use_control

DAY = timedelta(days=1)


@pytest.fixture
def days_later(frozen_clock):
    """Return what moves the clock: `days_later(7)`."""
    return lambda days: clock.advance(days * DAY)


def newcomer(email="newcomer@example.com") -> User:
    user = hiring.hire(email=email, first_name="New", last_name="Comer")
    challenges.drop_tickets(user)
    return user


def test_an_account_that_never_came_in_goes_after_seven_days(in_acme, days_later):
    user = newcomer()
    days_later(7)
    assert purging.run()["pending_accounts"] == 0
    clock.advance(timedelta(seconds=1))
    assert purging.run()["pending_accounts"] == 1
    assert not User.objects.filter(pk=user.pk).exists()


def test_a_pending_account_stays_while_a_link_still_lets_it_in(in_acme, days_later):
    user = newcomer()
    days_later(5)
    hiring.send_setup(user)
    days_later(6)
    assert purging.run()["pending_accounts"] == 0


def test_a_first_owner_and_people_who_came_in_stay(in_acme, days_later):
    before = User.objects.count()
    days_later(1_000)
    purging.run()
    assert User.objects.count() == before


def test_a_pending_account_that_work_points_at_stays_another_week(in_acme, days_later):
    from workflow.models import ProcessInstance

    user = newcomer()
    days_later(8)
    found = ProcessInstance.objects.first()
    if found is None:
        from leave.models import LeaveRequest

        today = clock.now().date()
        LeaveRequest.objects.create(
            requester=user, kind="holiday", start_date=today, end_date=today
        )
    else:
        ProcessInstance.objects.filter(pk=found.pk).update(user=user)
    assert purging.run()["pending_accounts"] == 0
    assert purging.next_due() > clock.now()
    assert User.objects.filter(pk=user.pk).exists()


def test_an_expired_challenge_goes_after_a_day_in_batches(in_acme, days_later):
    bob = User.objects.get(username="bob")
    for number in range(3):
        challenges.issue_code(
            "reset", email_norm="bob@acme.test", flow=str(number), user=bob
        )
    days_later(1)
    assert purging.run()["challenges"] == 0
    clock.advance(timedelta(minutes=11))
    assert purging.run(limit=2)["challenges"] == 2
    assert purging.run(limit=2)["challenges"] == 1
    assert Challenge.objects.filter(purpose="reset").count() == 0


def test_a_device_goes_thirty_days_after_its_end(in_acme, days_later):
    bob = User.objects.get(username="bob")
    ended = refresh_tokens.begin(bob, Device("web")).session
    refresh_tokens.begin(bob, Device("web"))
    sessions.end(ended, reason="sign_out")
    days_later(29)
    assert purging.run()["devices"] == 0
    days_later(2)
    assert purging.run()["devices"] == 1
    assert RefreshSession.objects.count() == 1


def test_events_go_after_400_days_though_a_tenant_cannot_delete_them(
    in_acme, days_later
):
    before = SecurityEvent.objects.count()
    old = events.record("sign_in")
    days_later(400)
    assert purging.run()["events"] == before
    assert list(SecurityEvent.objects.all()) == [old]
    young = events.record("sign_in")
    clock.advance(timedelta(seconds=1))
    assert purging.run()["events"] == 1
    assert list(SecurityEvent.objects.all()) == [young]


def test_counters_of_the_limiter_go_after_two_days(in_acme, days_later):
    from accounts import limits

    limits.hit("verify.client", "x")
    days_later(2)
    assert purging.run()["limits"] == 0
    clock.advance(timedelta(seconds=1))
    assert purging.run()["limits"] >= 1
    assert LimitCounter.objects.count() == 0


def test_nothing_is_looked_at_row_by_row_before_it_is_time(
    in_acme, frozen_clock, django_assert_num_queries
):
    purging.run()
    with django_assert_num_queries(1):
        assert purging.run_due(100) == 0


def test_what_was_purged_is_not_due_again(in_acme, days_later):
    newcomer()
    days_later(500)
    assert purging.next_due() <= clock.now()
    assert purging.run_due(1_000) > 0
    due = purging.next_due()
    assert due is None or due > clock.now()


def purge(*args: str) -> str:
    out = io.StringIO()
    call_command("purge_accounts", *args, stdout=out)
    return out.getvalue()


def test_the_command_purges_every_tenant_and_the_operators(acme, globex, days_later):
    with use_control():
        events.record("sign_in")
        LimitCounter.objects.create(
            scope="x", key_hash=b"x", window_start=clock.now(), last_hit_at=clock.now()
        )
    for tenant in (acme, globex):
        with use(tenant):
            newcomer()
    days_later(8)
    said = purge()
    assert "operators: deleted limits=1" in said
    assert "acme: deleted pending_accounts=1" in said.replace("challenges=1, ", "")
    assert "globex: deleted" in said
    for tenant in (acme, globex):
        with use(tenant):
            assert not User.objects.filter(email_norm="newcomer@example.com").exists()


def test_the_command_for_one_tenant_leaves_the_others_alone(acme, globex, days_later):
    for tenant in (acme, globex):
        with use(tenant):
            newcomer()
    days_later(8)
    facts = json.loads(purge("--tenant", "acme", "--json"))
    assert (facts["tenant"], facts["pending_accounts"]) == ("acme", 1)
    with use(globex):
        assert User.objects.filter(email_norm="newcomer@example.com").exists()
    assert purge("--tenant", "acme") == "nothing to delete\n"


def test_the_command_for_a_stranger_is_exit_code_2(db):
    with pytest.raises(CommandError) as caught:
        purge("--tenant", "nobody")
    assert caught.value.returncode == 2
