"""The seed's examples, word for word, and what a wrong sign-in may learn."""

import json

import pytest
from django.conf import settings as django_settings

from accounts.models import LimitCounter, RefreshSession, SecurityEvent, User
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import TEN_O_CLOCK

PAIR = {"username": "admin", "password": "open"}
WEB, MOBILE = "/api/auth/web/sign-in", "/api/auth/mobile/sign-in"


def test_the_web_sign_in_answers_an_access_token_and_an_http_only_cookie(post):
    answer = post(WEB, PAIR)
    assert answer.status_code == 200
    assert list(answer.json()) == ["access"]
    cookie = answer.cookies["refresh"]
    assert cookie.value.startswith("tnr_")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/api/auth/web"
    assert not cookie["domain"]
    assert not cookie["secure"]
    assert answer["Cache-Control"] == "no-store"


def test_the_cookie_is_host_bound_in_production(post, settings):
    settings.REFRESH_COOKIE_HOST_PREFIX = True
    cookie = post(WEB, PAIR).cookies["__Host-refresh"]
    assert cookie["secure"]
    assert cookie["path"] == "/"


def test_a_cookie_without_the_prefix_is_not_read_in_production(post, settings, visitor):
    token = post(WEB, PAIR).cookies["refresh"].value
    settings.REFRESH_COOKIE_HOST_PREFIX = True
    answer = post("/api/auth/web/token-refresh", {}, Cookie=f"refresh={token}")
    assert answer.status_code == 401


def test_the_web_refresh_takes_the_cookie_as_curl_sends_it(visitor, post):
    token = post(WEB, PAIR).cookies["refresh"].value
    answer = visitor().post(
        "/api/auth/web/token-refresh", headers={"cookie": f"refresh={token}"}
    )
    assert answer.status_code == 200
    assert list(answer.json()) == ["access"]
    assert answer.cookies["refresh"].value != token


def test_the_mobile_sign_in_answers_both_tokens(post):
    answer = post(MOBILE, PAIR)
    assert answer.status_code == 200
    assert sorted(answer.json()) == ["access", "refresh"]
    assert "refresh" not in answer.cookies


def test_the_protected_example_tells_who_is_signed_in(api):
    answer = api("admin").get("/api/protected/me")
    assert answer.status_code == 200
    assert answer.json() == {"username": "admin", "is_authenticated": True}


def test_the_address_signs_in_as_well_in_any_case(post):
    body = {"username": "ADMIN@Acme.test", "password": "open"}
    assert post(MOBILE, body).status_code == 200


def test_a_sign_in_is_an_event_and_a_device(post, acme, admin):
    post(MOBILE, PAIR, **{"User-Agent": "curl/8"})
    with use(acme):
        device = RefreshSession.objects.get()
        assert (device.user_id, device.kind, device.client_label) == (
            admin.pk,
            "mobile",
            "curl/8",
        )
        assert SecurityEvent.objects.filter(name="sign_in", actor=admin.pk).count() == 1
        assert User.objects.get(pk=admin.pk).last_login is not None


@pytest.mark.parametrize(
    "pair",
    [
        {"username": "admin", "password": "wrong"},
        {"username": "nobody", "password": "open"},
        {"username": "", "password": ""},
        {"username": "admin", "password": "x" * 2000},
        {"username": "x" * 4000, "password": "open"},
        {"username": "owner@acme.test", "password": "open"},
    ],
)
def test_every_wrong_sign_in_gets_the_same_answer(post, pair):
    answer = post(MOBILE, pair)
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "urn:tenantry:error:sign_in_failed",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The user name or the password is not right.",
        "code": "sign_in_failed",
    }


@pytest.mark.parametrize("address", [{}, {"email_verified_at": None}])
def test_a_deactivated_person_gets_the_answer_of_a_wrong_password(
    post, acme, bob, address
):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(
            is_active=False, deactivated_at=clock.now(), **address
        )
    answer = post(MOBILE, {"username": "bob", "password": "open"})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")


def test_only_the_right_password_learns_that_the_address_is_unverified(post, acme, bob):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(is_active=False, email_verified_at=None)
    right = post(MOBILE, {"username": "bob", "password": "open"})
    wrong = post(MOBILE, {"username": "bob", "password": "wrong"})
    assert (right.status_code, right.json()["code"]) == (403, "email_unverified")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign_in_failed")


def test_a_person_who_must_change_the_password_gets_a_ticket_and_no_token(
    post, acme, bob
):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(force_password_reset=True)
    answer = post(MOBILE, {"username": "bob", "password": "open"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "password_change_required"
    assert answer.json()["ticket_expires_in"] == 600
    assert "access" not in answer.json()
    changed = post(
        "/api/accounts/change-password",
        {
            "email": "bob@acme.test",
            "password": "four calm words here",
            "passwordVerify": "four calm words here",
            "ticket": answer.json()["ticket"],
        },
    )
    assert changed.status_code == 200


def test_five_failures_make_a_pause_for_that_name_and_client(
    post, acme, frozen_clock, settings
):
    for _ in range(5):
        assert post(MOBILE, {"username": "bob", "password": "no"}).status_code == 401
    paused = post(MOBILE, {"username": "bob", "password": "open"})
    assert (paused.status_code, paused["Retry-After"]) == (429, "30")
    assert post(MOBILE, {"username": "carol", "password": "open"}).status_code == 200


def test_the_pause_ends_and_a_success_forgets_the_failures(
    post, acme, frozen_clock, settings
):
    from datetime import timedelta

    for _ in range(5):
        post(MOBILE, {"username": "bob", "password": "no"})
    clock.advance(timedelta(seconds=31))
    assert post(MOBILE, {"username": "bob", "password": "open"}).status_code == 200
    with use(acme):
        assert not LimitCounter.objects.filter(scope="sign_in.pause").exists()


def test_an_unknown_name_is_slowed_down_like_a_known_one(post, frozen_clock):
    for _ in range(5):
        post(MOBILE, {"username": "nobody", "password": "no"})
    assert post(MOBILE, {"username": "nobody", "password": "no"}).status_code == 429


def test_a_client_signs_in_twenty_times_a_minute_at_most(post, db):
    with clock.frozen(TEN_O_CLOCK):
        answers = [
            post(MOBILE, {"username": f"nobody{n}", "password": "no"}).status_code
            for n in range(21)
        ]
    assert answers == [401] * 20 + [429]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("{", 400),
        ("[]", 422),
        ("null", 422),
        ("{}", 422),
        ('{"username":1,"password":"open"}', 422),
        ('{"username":null,"password":"open"}', 422),
        ('{"username":{"a":1},"password":["open"]}', 422),
        ('{"username":"ad\\u0000min","password":"open"}', 422),
        ('{"username":"\\ud800","password":"open"}', 422),
        (json.dumps({"username": "a" * 100_000, "password": "b"}), 422),
    ],
)
def test_a_malformed_sign_in_is_refused_and_never_fails(visitor, body, status):
    for path in (WEB, MOBILE):
        answer = visitor().post(path, body, content_type="application/json")
        assert answer.status_code == status, answer.content
        assert answer["Content-Type"] == "application/problem+json"


def test_the_sign_in_costs_the_same_statements_for_known_and_unknown_names(
    post, django_assert_num_queries, in_acme
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for name in ("admin", "nobody"):
        with CaptureQueriesContext(connection) as queries:
            post(MOBILE, {"username": name, "password": "wrong"})
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 8


def test_the_library_never_believes_a_token_without_a_row():
    assert django_settings.NINJA_SIMPLE_JWT["USE_STATELESS_AUTH"] is False
