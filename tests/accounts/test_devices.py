"""Signed-in devices: how long they last, who ends them, and that it holds at once."""

from datetime import timedelta

import pytest

from accounts import page_sessions, refresh_tokens
from accounts.models import RefreshSession, SecurityEvent, TenantBranding, User
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD, TEN_O_CLOCK

SIGN_IN, REFRESH = "/api/auth/mobile/sign-in", "/api/auth/mobile/token-refresh"
SESSIONS = "/api/accounts/sessions"
ME, HOME = "/api/protected/me", "/workflow/mywork/"
BOB = {"username": "bob", "password": "open"}


@pytest.fixture(autouse=True)
def _ten_o_clock():
    with clock.frozen(TEN_O_CLOCK):
        yield


def later(**passed):
    clock.advance(timedelta(**passed))


def bearer(visitor, access):
    return visitor(authorization=f"Bearer {access}")


def status_of(client, path=ME):
    return client.get(path).status_code


# A23: new at sign-in


def test_a23_two_sign_ins_share_no_token_and_no_device(post, acme):
    first, second = (post(SIGN_IN, BOB).json() for _ in range(2))
    assert first["access"] != second["access"]
    assert first["refresh"] != second["refresh"]
    assert first["refresh"][4:36] != second["refresh"][4:36]
    with use(acme):
        assert RefreshSession.objects.count() == 2


def test_a23_a_refresh_token_has_256_random_bits(post):
    import base64

    secret = post(SIGN_IN, BOB).json()["refresh"][60:]
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32


def test_a23_the_key_of_a_browser_session_changes_at_sign_in(visitor, db):
    client = visitor()
    client.post("/accounts/forgot", {"email": "bob@acme.test"})
    before = client.cookies["sessionid"].value
    client.post("/accounts/sign-in", BOB)
    after = client.cookies["sessionid"].value
    assert before != after
    stranger = visitor()
    stranger.cookies["sessionid"] = before
    assert status_of(stranger, HOME) == 302


# A24: idle and absolute limits


def demand(acme, **rules):
    with use(acme):
        TenantBranding.objects.update(**rules)


@pytest.mark.parametrize(
    ("rules", "idle", "longest"),
    [
        ({}, {"days": 14}, {"days": 30}),
        ({"session_idle_hours": 2}, {"hours": 2}, {"days": 30}),
        ({"session_longest_days": 3}, {"days": 3}, {"days": 3}),
        ({"session_idle_hours": 720}, {"days": 30}, {"days": 30}),
    ],
    ids=str,
)
def test_a24_a_device_ends_idle_and_at_the_latest(post, acme, rules, idle, longest):
    demand(acme, **rules)
    issued = post(SIGN_IN, BOB).json()["refresh"]
    with use(acme):
        row = RefreshSession.objects.get()
        assert row.expires_at - row.created_at == timedelta(**longest)
    later(**idle)
    assert post(REFRESH, {"refresh": issued}).status_code == 200
    issued = post(SIGN_IN, BOB).json()["refresh"]
    later(**idle)
    later(seconds=1)
    assert post(REFRESH, {"refresh": issued}).status_code == 401


def test_a24_with_demanded_factors_it_is_an_hour_and_a_day(in_acme, bob):
    from accounts import demands
    from accounts.refresh_tokens import Device

    TenantBranding.objects.update(
        require_mfa=True, session_idle_hours=720, session_longest_days=30
    )
    rules = demands.current()
    assert (rules.idle, rules.longest) == (timedelta(hours=1), timedelta(hours=24))
    issued = refresh_tokens.begin(bob, Device("mobile"), factor_shown_at=clock.now())
    token = issued.refresh
    for _ in range(24):
        later(hours=1)
        token = refresh_tokens.rotate(token).refresh
    later(seconds=1)
    with pytest.raises(refresh_tokens.SessionEnded):
        refresh_tokens.rotate(token)


def test_a24_shorter_limits_hold_for_devices_that_are_signed_in(
    post, visitor, browser_of, acme
):
    issued = post(SIGN_IN, BOB).json()
    page = browser_of("bob")
    later(hours=3)
    demand(acme, session_idle_hours=2)
    assert post(REFRESH, {"refresh": issued["refresh"]}).status_code == 401
    assert status_of(page, HOME) == 302


@pytest.mark.parametrize(
    "rules",
    [
        {"session_idle_hours": 0},
        {"session_idle_hours": 721},
        {"session_longest_days": 31},
        {"session_longest_days": 0},
    ],
    ids=str,
)
def test_a24_limits_beyond_the_bounds_cannot_be_kept(in_acme, rules):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        TenantBranding.objects.update(**rules)


def test_a24_a_browser_that_rests_too_long_is_signed_out(browser_of):
    page = browser_of("bob")
    for _ in range(4):
        later(days=7)
        assert status_of(page, HOME) == 200
    later(days=2, seconds=1)
    assert status_of(page, HOME) == 302
    other = browser_of("bob")
    later(days=14, seconds=1)
    assert status_of(other, HOME) == 302


# A25: signing out


def test_a25_a_copied_cookie_is_worth_nothing_after_the_sign_out(
    post, visitor, browser_of
):
    page = browser_of("bob")
    thief = visitor()
    thief.cookies["sessionid"] = page.cookies["sessionid"].value
    assert status_of(thief, HOME) == 200
    page.post("/accounts/sign-out")
    assert status_of(thief, HOME) == 302


def test_a25_a_device_without_its_row_is_signed_out_although_djangos_row_stays(
    browser_of, acme
):
    from django.contrib.sessions.models import Session

    page = browser_of("bob")
    with use(acme):
        assert Session.objects.exists()
        RefreshSession.objects.update(revoked_at=clock.now())
    assert status_of(page, HOME) == 302
    with use(acme):
        assert not Session.objects.exists()


def test_a25_signing_out_ends_the_access_token_too(post, visitor):
    issued = post(SIGN_IN, BOB).json()
    client = bearer(visitor, issued["access"])
    assert status_of(client) == 200
    post("/api/auth/mobile/sign-out", {"refresh": issued["refresh"]})
    assert status_of(client) == 401


# A26: who else ends a device


def test_a26_the_own_devices_are_listed_and_nobody_elses(post, visitor, acme, carol):
    access = post(SIGN_IN, BOB, **{"User-Agent": "curl/8"}).json()["access"]
    post(SIGN_IN, BOB)
    post(SIGN_IN, {"username": "carol", "password": "open"})
    told = bearer(visitor, access).get(SESSIONS).json()
    assert [one["is_current"] for one in told] == [True, False]
    assert (told[0]["label"], told[0]["place"]) == ("curl/8", "127.0.0.1")
    assert not [key for key in told[0] if "hash" in key]


def test_a26_a_device_is_ended_at_once_by_its_owner(post, visitor):
    own, other = (post(SIGN_IN, BOB).json()["access"] for _ in range(2))
    client = bearer(visitor, own)
    (number,) = [
        one["id"] for one in client.get(SESSIONS).json() if not one["is_current"]
    ]
    assert client.delete(f"{SESSIONS}/{number}").status_code == 204
    assert status_of(bearer(visitor, other)) == 401
    assert status_of(client) == 200
    assert client.delete(f"{SESSIONS}/{number}").status_code == 204


@pytest.mark.parametrize("number", ["0" * 32, "nonsense", "1"])
def test_a26_a_device_that_is_not_there_is_a_404(post, visitor, number):
    client = bearer(visitor, post(SIGN_IN, BOB).json()["access"])
    assert client.delete(f"{SESSIONS}/{number}").status_code == 404


def test_a26_somebody_elses_device_is_a_404(post, visitor, acme, carol):
    client = bearer(visitor, post(SIGN_IN, BOB).json()["access"])
    other = post(SIGN_IN, {"username": "carol", "password": "open"}).json()["access"]
    with use(acme):
        number = RefreshSession.objects.get(user=carol).pk
    assert client.delete(f"{SESSIONS}/{number}").status_code == 404
    assert status_of(bearer(visitor, other)) == 200


def test_a26_all_others_are_ended_and_the_own_token_goes_on(
    post, visitor, browser_of, acme
):
    own, other = (post(SIGN_IN, BOB).json()["access"] for _ in range(2))
    page = browser_of("bob")
    client = bearer(visitor, own)
    assert post(f"{SESSIONS}/revoke-others", {}, client=client).status_code == 204
    assert status_of(bearer(visitor, other)) == 401
    assert status_of(page, HOME) == 302
    assert status_of(client) == 200
    with use(acme):
        assert SecurityEvent.objects.filter(name="session.others_ended").count() == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"token_version": 9}])
def test_a26_a_deactivated_person_is_out_everywhere_at_once(
    post, visitor, browser_of, acme, change
):
    issued = post(SIGN_IN, BOB).json()
    page = browser_of("bob")
    with use(acme):
        User.objects.filter(username="bob").update(**change)
    assert status_of(bearer(visitor, issued["access"])) == 401
    assert post(REFRESH, {"refresh": issued["refresh"]}).status_code == 401
    assert status_of(page, HOME) == 302


def test_a26_a_new_password_ends_the_other_devices_and_keeps_the_own(
    post, visitor, browser_of
):
    own, other = (post(SIGN_IN, BOB).json() for _ in range(2))
    page = browser_of("bob")
    body = {
        "email": "bob@acme.test",
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
        "currentPassword": "open",
    }
    client = bearer(visitor, own["access"])
    changed = post("/api/accounts/change-password", body, client=client)
    assert status_of(bearer(visitor, other["access"])) == 401
    assert status_of(page, HOME) == 302
    assert status_of(bearer(visitor, changed.json()["access"])) == 200
    assert post(REFRESH, {"refresh": own["refresh"]}).status_code == 200


def test_w21_a_new_password_raises_the_version_is_an_event_and_a_mail(in_acme, bob):
    from accounts import recovery
    from accounts.models import MailMessage

    before = bob.token_version
    recovery.change_own(
        bob,
        email=bob.email,
        password=GOOD_PASSWORD,
        password_verify=GOOD_PASSWORD,
        current_password="open",
    )
    bob.refresh_from_db()
    assert bob.token_version == before + 1
    assert SecurityEvent.objects.filter(name="password.changed").count() == 1
    mail = MailMessage.objects.get(template="accounts/password_changed")
    assert mail.to == ["bob@acme.test"]


# What a page's look at its device costs


def test_a_page_finds_its_person_and_device_in_one_statement(
    browser_of, acme, django_assert_num_queries
):
    from django.test import RequestFactory

    from tenants.sessions import SessionStore

    page = browser_of("bob")
    request = RequestFactory().get(HOME)
    with use(acme):
        request.session = SessionStore(page.cookies["sessionid"].value)
        request.session.load()
        with django_assert_num_queries(2):  # Django's session, and all the rest
            assert page_sessions.user_of(request).username == "bob"
        later(minutes=2)
        with django_assert_num_queries(2):  # the last use is noted, once a minute
            page_sessions.user_of(request)


def test_a_refresh_is_counted_for_each_device(post, settings):
    settings.ACCOUNTS_LIMITS = {"refresh.session": (2, 60)}
    token, other = (post(SIGN_IN, BOB).json()["refresh"] for _ in range(2))
    for _ in range(2):
        token = post(REFRESH, {"refresh": token}).json()["refresh"]
    assert post(REFRESH, {"refresh": token}).status_code == 429
    assert post(REFRESH, {"refresh": other}).status_code == 200
    guess = f"{token[:37]}{'A' * 22}{token[59:]}"
    assert post(REFRESH, {"refresh": guess}).status_code == 401
