"""Refresh tokens rotate, forgive two tabs, and end the device when one was copied."""

from datetime import timedelta

import pytest

from accounts import refresh_tokens
from accounts.errors import SessionEnded
from accounts.models import MailMessage, RefreshSession, SecurityEvent, User
from kernel import clock
from tenants.context import use

SIGN_IN, REFRESH = "/api/auth/mobile/sign-in", "/api/auth/mobile/token-refresh"


@pytest.fixture
def first(post, frozen_clock):
    """Return bob's first refresh token at acme."""
    body = {"username": "bob", "password": "open"}
    return post(SIGN_IN, body).json()["refresh"]


def refresh(post, token, **more):
    return post(REFRESH, {"refresh": token}, **more)


def test_each_refresh_gives_a_new_token_and_the_old_one_is_used_up(post, first, acme):
    second = refresh(post, first).json()["refresh"]
    assert second != first
    third = refresh(post, second).json()["refresh"]
    assert len({first, second, third}) == 3
    with use(acme):
        assert RefreshSession.objects.get().generation == 2


def test_a38_the_same_token_within_ten_seconds_gets_the_same_answer(post, first):
    second = refresh(post, first).json()["refresh"]
    clock.advance(timedelta(seconds=5))
    again = refresh(post, first)
    assert (again.status_code, again.json()["refresh"]) == (200, second)


def test_a38_the_same_token_after_eleven_seconds_ends_the_device(
    post, first, acme, bob
):
    second = refresh(post, first).json()["refresh"]
    clock.advance(timedelta(seconds=11))
    assert refresh(post, first).status_code == 401
    assert refresh(post, second).status_code == 401
    with use(acme):
        assert RefreshSession.objects.get().revoked_reason == "reuse"
        event = SecurityEvent.objects.get(name="refresh_reuse")
        assert event.subject == bob.pk
        assert MailMessage.objects.get(template="accounts/refresh_reused").to == [
            "bob@acme.test"
        ]


def test_a_token_two_rotations_old_is_a_copy_even_at_once(post, first, acme):
    second = refresh(post, first).json()["refresh"]
    refresh(post, second)
    assert refresh(post, first).status_code == 401
    with use(acme):
        assert RefreshSession.objects.get().revoked_reason == "reuse"


def test_a_guess_without_the_family_ends_nothing(post, first, acme):
    sid, family, secret = first[4:36], first[37:59], first[60:]
    guesses = [
        f"tnr_{sid}_{'A' * 22}_{secret}",
        f"tnr_{'0' * 32}_{family}_{secret}",
        f"tnr_{sid}_{family}",
        "",
        "tnr_",
        first + "x",
        first.upper(),
        "é" * 100,
    ]
    assert {refresh(post, guess).status_code for guess in guesses} == {401}
    assert refresh(post, first).status_code == 200


def test_a_token_of_acme_changes_nothing_at_globex(post, first, acme, globex):
    assert refresh(post, first, host="globex.localhost").status_code == 401
    with use(globex):
        assert not RefreshSession.objects.exists()
    assert refresh(post, first).status_code == 200


@pytest.mark.parametrize(
    ("steps", "status"),
    [([14], 200), ([14, 14], 200), ([14, 14, 3], 401), ([15], 401)],
)
def test_a_device_ends_idle_after_14_days_and_at_the_latest_after_30(
    post, first, steps, status
):
    token = first
    for days in steps:
        clock.advance(timedelta(days=days))
        answer = refresh(post, token)
        token = answer.json().get("refresh", "")
    assert answer.status_code == status


@pytest.mark.parametrize("change", [{"is_active": False}, {"token_version": 9}])
def test_a_change_of_the_person_ends_the_device(post, first, acme, bob, change):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(**change)
    assert refresh(post, first).status_code == 401


def test_signing_out_ends_the_device_once_and_for_all(post, first, acme):
    assert post("/api/auth/mobile/sign-out", {"refresh": first}).status_code == 204
    assert post("/api/auth/mobile/sign-out", {"refresh": first}).status_code == 204
    assert refresh(post, first).status_code == 401
    with use(acme):
        assert RefreshSession.objects.get().revoked_reason == "sign_out"


def test_signing_out_in_a_browser_deletes_the_cookie(visitor, post):
    client = visitor()
    post(
        "/api/auth/web/sign-in", {"username": "bob", "password": "open"}, client=client
    )
    answer = post("/api/auth/web/sign-out", {}, client=client)
    assert answer.status_code == 204
    assert answer.cookies["refresh"]["max-age"] == 0
    assert post("/api/auth/web/token-refresh", {}, client=client).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://globex.localhost"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://acme.localhost"},
    ],
    ids=str,
)
def test_a30_another_site_cannot_refresh_or_sign_out(visitor, post, acme, headers):
    client = visitor()
    post(
        "/api/auth/web/sign-in", {"username": "bob", "password": "open"}, client=client
    )
    for path in ("token-refresh", "sign-out", "sign-in"):
        answer = post(f"/api/auth/web/{path}", {}, client=client, **headers)
        expected = 422 if path == "sign-in" else 403
        assert answer.status_code == expected
    with use(acme):
        device = RefreshSession.objects.get()
        assert (device.generation, device.revoked_at) == (0, None)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://acme.localhost"}, {}],
    ids=str,
)
def test_the_own_page_and_a_client_without_a_browser_may_refresh(
    visitor, post, headers
):
    client = visitor()
    post(
        "/api/auth/web/sign-in", {"username": "bob", "password": "open"}, client=client
    )
    answer = post("/api/auth/web/token-refresh", {}, client=client, **headers)
    assert answer.status_code == 200


def test_no_table_holds_a_refresh_token(post, first, acme):
    with use(acme):
        row = RefreshSession.objects.get()
    stored = [bytes(row.family_hash), bytes(row.current_hash)]
    assert all(len(value) == 32 for value in stored)
    assert first[60:].encode() not in stored


@pytest.mark.parametrize(
    "body", [{}, {"refresh": None}, {"refresh": 5}, {"refresh": "a\x00b"}, []]
)
def test_a_malformed_refresh_is_a_422(post, db, body):
    assert post(REFRESH, body).status_code == 422


def test_a_refresh_that_meets_the_sign_out_is_no_copied_token(post, first, acme):
    with use(acme):
        presented = refresh_tokens._parse(first)
        session = refresh_tokens._open_session(presented)
        refresh_tokens.revoke(first)  # in between, from another request
        with pytest.raises(SessionEnded):
            refresh_tokens._advance(session, presented)
        assert not SecurityEvent.objects.filter(name="refresh_reuse").exists()
        assert not MailMessage.objects.filter(template__contains="reused").exists()
