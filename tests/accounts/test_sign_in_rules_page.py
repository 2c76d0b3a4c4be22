"""The page of the rules for signing in: owners change, administrators read."""

import re
from datetime import timedelta

import pytest

from accounts import sign_in_rules as rules
from accounts.models import SecurityEvent, TenantBranding
from kernel import clock
from tenants.context import use
from tests.accounts.factors import enrolled

pytestmark = pytest.mark.usefixtures("at_ten")
PATH = "/accounts/sign-in-rules"


def row(tenant):
    with use(tenant):
        return rules.values_of(rules.standing())


def version_in(html):
    return re.search(r'name="version" value="(\w+)"', html)[1]


def test_an_owner_saves_the_rules(page, acme):
    version = version_in(page.get(PATH).text)
    typed = {"session_idle_hours": " 8 ", "session_longest_days": ""}
    answer = page.post(PATH, {**typed, "version": version})
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    assert row(acme)["session_idle_hours"] == 8
    html = page.get(PATH).text
    assert "after 8 hours without use, and 30 days after the sign-in" in html
    assert 'value="8"' in html
    with use(acme):
        event = SecurityEvent.objects.get(name="sign_in_rules.changed")
    assert event.via == "session"


def test_an_administrator_sees_the_rules_and_no_form(browser_of, owner, acme):
    client = browser_of("admin")
    html = client.get(PATH).text
    assert "Owners change these rules" in html
    assert "after 14 days without use" in html
    assert 'name="session_idle_hours"' not in html
    assert client.post(PATH, {"session_idle_hours": "1"}).status_code == 403
    assert row(acme)["session_idle_hours"] is None


def test_a_member_does_not_get_in_and_is_offered_no_way(browser_of, acme):
    client = browser_of("bob")
    assert client.get(PATH).status_code == 403
    assert client.post(PATH, {"session_idle_hours": "1"}).status_code == 403
    assert PATH not in client.get("/accounts/profile").text


@pytest.mark.parametrize("typed", ["0", "721", "-1", "1.5", "soon", "9" * 20, "½", "٣"])
def test_a_number_that_cannot_be_is_refused_at_its_field(page, acme, typed):
    answer = page.post(PATH, {"session_idle_hours": typed})
    assert answer.status_code == 422
    assert "Write a whole number from 1 to 720, or nothing." in answer.text
    assert 'id="id_session_idle_hours_error"' in answer.text
    assert row(acme)["session_idle_hours"] is None


@pytest.mark.parametrize("typed", ["9" * 10_000, "\x00", "1\u0000"])
def test_odd_input_is_no_fault_of_ours(page, acme, typed):
    assert page.post(PATH, {"session_longest_days": typed}).status_code == 422
    assert row(acme)["session_longest_days"] is None


def test_an_older_sign_in_needs_the_password(page, acme):
    assert 'name="current_password"' not in page.get(PATH).text
    clock.advance(timedelta(minutes=11))
    assert 'name="current_password"' in page.get(PATH).text
    for password in ("", "closed"):
        typed = {"session_idle_hours": "8", "current_password": password}
        answer = page.post(PATH, typed)
        assert answer.status_code == 422
        assert 'id="id_current_password_error"' in answer.text
        assert 'value="8"' in answer.text
    assert row(acme)["session_idle_hours"] is None
    right = {"session_idle_hours": "8", "current_password": "open"}
    assert page.post(PATH, right).status_code == 302
    assert row(acme)["session_idle_hours"] == 8


def test_who_has_no_factor_is_led_to_the_own_one_first(page, acme):
    assert "Yours comes first" in page.get(PATH).text
    answer = page.post(PATH, {"require_mfa": "on"})
    assert answer.status_code == 422
    assert "Set up a second factor of your own" in answer.text
    assert 'id="id_require_mfa_error"' in answer.text
    assert row(acme)["require_mfa"] is False


def test_an_owner_with_a_factor_demands_it_of_everybody(
    visitor, owner, acme, browser_of
):
    bob = browser_of("bob")
    holder = enrolled(owner, acme)
    page = visitor()
    page.post("/accounts/sign-in", {"username": "carol", "password": "open"})
    page.post("/accounts/sign-in/second-factor", {"code": holder.code()})
    html = page.get(PATH).text
    assert "Yours comes first" not in html
    assert "4 people who may sign in" in html
    assert page.post(PATH, {"require_mfa": "on"}).status_code == 302
    assert "Demanded of everybody" in page.get(PATH).text
    assert "after 1 hour without use, and 24 hours" in page.get(PATH).text
    assert "1 hour and 24 hours are the most" in page.get(PATH).text
    assert bob.get("/workflow/mywork/")["Location"] == "/accounts/security"


def test_what_somebody_else_changed_meanwhile_is_said(page, acme):
    version = version_in(page.get(PATH).text)
    with use(acme):
        TenantBranding.objects.update(session_idle_hours=5)
    answer = page.post(PATH, {"session_idle_hours": "8", "version": version})
    assert answer.status_code == 422
    assert "Somebody else changed the rules meanwhile" in answer.text
    assert row(acme)["session_idle_hours"] == 5


def test_a_rule_that_signs_the_owner_out_leads_to_the_sign_in(page, acme):
    clock.advance(timedelta(days=2))
    typed = {"session_longest_days": "1", "current_password": "open"}
    answer = page.post(PATH, typed)
    assert answer.status_code == 302
    assert page.get(PATH).status_code == 302
    assert row(acme)["session_longest_days"] == 1
