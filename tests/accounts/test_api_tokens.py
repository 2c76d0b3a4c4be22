"""API tokens: made, shown once, rotated, revoked, and what they open in between."""

import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import api_tokens, lifecycle, roles, token_text
from accounts.errors import (
    MissingFields,
    NameInvalid,
    ScopeUnknown,
    TokenEnded,
    TokenLifeInvalid,
    TokenRotated,
)
from accounts.models import ApiToken, LimitCounter, SecurityEvent, User
from accounts.tokens import BadToken
from kernel import clock
from kernel.errors import Forbidden
from tenants.context import use
from tests import twins
from tests.accounts.conftest import TEN_O_CLOCK
from tests.concurrency.racing import race
from workflow.models import Process

TOKENS = "/api/accounts/tokens"
ME = "/api/protected/me"
USER = "/api/accounts/user"


@pytest.fixture
def made(acme, bob):
    """Return a new token of bob that may read his profile."""
    with use(acme):
        return api_tokens.create(owner=bob, name="Wall", scopes_named=["profile:read"])


def shown(visitor, text, path=ME, host="acme.localhost"):
    return visitor(host).get(path, headers={"authorization": f"Bearer {text}"})


def status(visitor, text, path=ME):
    return shown(visitor, text, path).status_code


def events(acme, name):
    with use(acme):
        return list(SecurityEvent.objects.filter(name=name))


# The text


def test_a_token_reads_as_the_specification_says_and_brings_its_own_check():
    text = token_text.new("person").text
    mark, prefix, secret, check = text.split("_")
    assert (mark, len(prefix), len(secret), len(check)) == ("tnp", 8, 43, 6)
    assert token_text.new("service").text.startswith("tns_")
    assert token_text.parse(text).text == text


def test_a09_the_secret_of_a_token_has_256_random_bits(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "secrets.randbits", lambda bits: asked.append(bits) or 2**256 - 1
    )
    longest = token_text.new("person").secret
    assert asked == [256]
    assert len(longest) == 43
    assert token_text.base62(0, 43) == "0" * 43 != longest


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text.swapcase(),
        lambda text: text.replace("tnp", "tns"),
        lambda text: text.replace("_", "-"),
        lambda text: text[:20] + ("A" if text[20] != "A" else "B") + text[21:],
        lambda text: f"{text}\n",
        lambda text: text.replace(text[5], "\u0660"),
    ],
)
def test_a_mistyped_token_is_told_without_a_database(acme, made, spoil):
    asked = CaptureQueriesContext(connection)
    with use(acme), asked, pytest.raises(BadToken):
        api_tokens.let_in(spoil(made.text), client="-")
    assert len(asked) == 0


def test_no_representation_shows_the_secret(made):
    parts = token_text.parse(made.text)
    for one in (made, parts, made.token):
        assert parts.secret not in f"{one!r} {one}"


# Made


def test_a12_only_a_hash_of_the_text_is_kept(acme, made):
    secret = token_text.parse(made.text).secret
    with use(acme):
        row = ApiToken.objects.values().get()
        told = list(SecurityEvent.objects.values())
    assert len(bytes(row["secret_hash"])) == 32
    assert secret not in str(row)
    assert secret not in str(told)


def test_a_token_lives_ninety_days_unless_told_otherwise(acme, bob):
    with clock.frozen(TEN_O_CLOCK), use(acme):
        made = api_tokens.create(owner=bob, name="x", scopes_named=["profile:read"])
    assert made.token.expires_at == TEN_O_CLOCK + timedelta(days=90)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": " "}, MissingFields),
        ({"name": "x" * 101}, NameInvalid),
        ({"name": "a\nb"}, NameInvalid),
        ({"name": "<b>"}, NameInvalid),
        ({"scopes_named": []}, MissingFields),
        ({"scopes_named": ["profile:read", "tokens:write"]}, ScopeUnknown),
        ({"scopes_named": ["PROFILE:READ"]}, ScopeUnknown),
        ({"days": 0}, TokenLifeInvalid),
        ({"days": 367}, TokenLifeInvalid),
    ],
    ids=str,
)
def test_what_cannot_be_a_token_is_refused_and_nothing_is_made(
    in_acme, bob, change, error
):
    values = {"name": "Wall", "scopes_named": ["profile:read"]} | change
    with pytest.raises(error):
        api_tokens.create(owner=bob, by=bob, **values)
    assert not ApiToken.objects.exists()
    assert not SecurityEvent.objects.filter(name__startswith="api_token").exists()


@pytest.mark.parametrize("maker", ["alice", "admin"])
def test_nobody_makes_a_token_for_another_person(in_acme, bob, person, maker):
    with pytest.raises(Forbidden):
        api_tokens.create(
            owner=bob, name="x", scopes_named=["profile:read"], by=person(maker)
        )


def test_who_may_not_come_in_gets_no_token(in_acme, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(TokenEnded):
        api_tokens.create(owner=bob, name="x", scopes_named=["profile:read"])


# Let in


def test_a_token_opens_what_its_scopes_name(visitor, made):
    assert shown(visitor, made.text).json() == {
        "username": "bob",
        "is_authenticated": True,
    }
    assert shown(visitor, made.text, USER).json()["username"] == "bob"
    refused = shown(visitor, made.text, "/api/protected/workitems")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert "workitems:read" in refused.json()["detail"]


def test_one_statement_loads_token_and_person(acme, made):
    with use(acme):
        api_tokens.let_in(made.text, client="-")
        with CaptureQueriesContext(connection) as asked:
            assert api_tokens.let_in(made.text, client="-").user.username == "bob"
    assert len(asked) == 1


def test_the_use_is_noted_every_five_minutes_at_most(acme, made, visitor):
    def noted():
        with use(acme):
            return ApiToken.objects.get().last_used_at

    with clock.frozen(TEN_O_CLOCK):
        shown(visitor, made.text)
        clock.advance(timedelta(minutes=4, seconds=59))
        shown(visitor, made.text)
        assert noted() == TEN_O_CLOCK
        clock.advance(timedelta(seconds=1))
        shown(visitor, made.text)
        assert noted() == TEN_O_CLOCK + timedelta(minutes=5)


def test_a22_a_token_in_an_address_or_a_cookie_opens_nothing(visitor, made):
    text = made.text
    for name in ("token", "access_token", "authorization", "Authorization"):
        assert visitor().get(ME, {name: text}).status_code == 401
    client = visitor()
    client.cookies["refresh"] = client.cookies["sessionid"] = text
    assert client.get(ME).status_code == 401
    assert visitor().get(f"/api/protected/me?Bearer%20{text}").status_code == 401
    basic = visitor().get(ME, headers={"authorization": f"Basic {text}"})
    assert basic.status_code == 401


def test_a_page_never_takes_a_token(visitor, made):
    for path in ("/", "/workflow/mywork/", "/accounts/tokens", "/admin/"):
        answer = shown(visitor, made.text, path)
        assert answer.status_code in {302, 403}, path
        assert "bob" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": TEN_O_CLOCK},
        {"expires_at": TEN_O_CLOCK},
        {"secret_hash": b"\0" * 32},
        {"prefix": "00000000"},
    ],
    ids=str,
)
def test_every_refused_token_is_answered_in_one_voice(acme, made, visitor, change):
    with clock.frozen(TEN_O_CLOCK):
        nobody = shown(visitor, "tnp_nonsense")
        with use(acme):
            ApiToken.objects.update(**change)
        answer = shown(visitor, made.text)
    assert (answer.status_code, answer.content) == (401, nobody.content)
    for one in (answer, nobody):
        del one["X-Request-ID"]
    assert answer.headers == nobody.headers
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_ends_at_its_instant(acme, bob, visitor):
    with clock.frozen(TEN_O_CLOCK):
        with use(acme):
            made = api_tokens.create(
                owner=bob, name="x", scopes_named=["profile:read"], days=1
            )
        clock.advance(timedelta(days=1, seconds=-1))
        assert status(visitor, made.text) == 200
        clock.advance(timedelta(seconds=1))
        assert status(visitor, made.text) == 401


def test_a26_a_deactivated_persons_token_opens_nothing_at_once(
    acme, bob, made, visitor
):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(is_active=False)
    assert status(visitor, made.text) == 401


def test_a_right_that_its_owner_lost_is_lost_to_the_token(acme, admin, visitor):
    """Rights at use are the scopes and what the owner may do at that moment."""
    with use(acme):
        made = api_tokens.create(owner=admin, name="x", scopes_named=["processes:read"])
        process = Process.objects.values_list("pk", flat=True).first()
    versions = f"/api/protected/processes/{process}/versions"
    assert status(visitor, made.text, versions) == 200
    with use(acme):
        roles.set_role(User.objects.get(pk=admin.pk), "member")
    refused = shown(visitor, made.text, versions)
    assert (refused.status_code, refused.json()["code"]) == (
        403,
        "process.right_missing",
    )


def test_a36_more_than_twenty_wrong_tokens_a_minute_are_stopped(visitor, made):
    with clock.frozen(TEN_O_CLOCK):
        wrong = [token_text.new("person").text for _ in range(21)]
        answers = [shown(visitor, text) for text in wrong]
        assert [one.status_code for one in answers] == [401] * 20 + [429]
        assert answers[-1]["Retry-After"] == "60"
        # What is right is not counted, so a stranger behind the same address stops no
        # program.
        assert status(visitor, made.text) == 200
        clock.advance(timedelta(minutes=1))
        assert status(visitor, wrong[0]) == 401


def test_typing_errors_are_counted_nowhere(acme, visitor, made):
    for _ in range(25):
        assert status(visitor, made.text[:-1]) == 401
    with use(acme):
        assert not LimitCounter.objects.filter(scope="api_token.client").exists()


# Rotated


def test_after_a_rotation_both_texts_work_until_the_overlap_is_over(
    acme, bob, made, visitor
):
    with use(acme):
        ApiToken.objects.update(
            created_at=TEN_O_CLOCK, expires_at=TEN_O_CLOCK + timedelta(days=30)
        )
    with clock.frozen(TEN_O_CLOCK + timedelta(days=10)):
        with use(acme):
            token = ApiToken.objects.get()
            after = api_tokens.rotate(token, by=bob)
            token.refresh_from_db()
        assert (token.state, token.rotated_to_id) == ("rotating", after.token.pk)
        assert after.token.expires_at == clock.now() + timedelta(days=30)
        assert (after.token.name, after.token.scopes) == (token.name, token.scopes)
        clock.advance(timedelta(hours=24, seconds=-1))
        assert [status(visitor, one.text) for one in (made, after)] == [200, 200]
        clock.advance(timedelta(seconds=1))
        assert [status(visitor, one.text) for one in (made, after)] == [401, 200]


def test_an_overlap_of_nothing_ends_the_old_text_at_once(acme, bob, made, visitor):
    with use(acme):
        after = api_tokens.rotate(made.token, overlap=timedelta(0), by=bob)
    assert [status(visitor, one.text) for one in (made, after)] == [401, 200]


def test_an_overlap_never_lengthens_the_old_life(acme, bob):
    with clock.frozen(TEN_O_CLOCK), use(acme):
        made = api_tokens.create(
            owner=bob, name="x", scopes_named=["profile:read"], days=1
        )
        api_tokens.rotate(made.token, overlap=timedelta(days=7), by=bob)
        made.token.refresh_from_db()
        assert made.token.expires_at == TEN_O_CLOCK + timedelta(days=1)


def test_a_token_is_rotated_once_and_not_after_its_end(in_acme, bob, made):
    for overlap in (timedelta(days=7, seconds=1), timedelta(seconds=-1)):
        with pytest.raises(TokenLifeInvalid):
            api_tokens.rotate(made.token, overlap=overlap, by=bob)
    after = api_tokens.rotate(made.token, by=bob)
    with pytest.raises(TokenRotated):
        api_tokens.rotate(made.token, by=bob)
    api_tokens.revoke(after.token, by=bob)
    with pytest.raises(TokenEnded):
        api_tokens.rotate(after.token, by=bob)
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("other", ["alice", "admin"])
def test_nobody_rotates_the_token_of_another_person(in_acme, made, person, other):
    with pytest.raises(Forbidden):
        api_tokens.rotate(made.token, by=person(other))
    assert ApiToken.objects.count() == 1


# Revoked, and told


def test_a_revoked_token_is_told_of_when_it_is_used_once_an_hour(
    acme, bob, made, visitor
):
    with clock.frozen(TEN_O_CLOCK):
        with use(acme):
            api_tokens.revoke(made.token, by=bob)
            api_tokens.revoke(made.token, by=bob)
        assert len(events(acme, "api_token.revoked")) == 1
        assert [status(visitor, made.text) for _ in range(3)] == [401] * 3
        (told,) = events(acme, "api_token.used_after_end")
        assert (told.subject, told.client_prefix) == (bob.pk, "127.0.0.1")
        clock.advance(timedelta(hours=1))
        shown(visitor, made.text)
    assert len(events(acme, "api_token.used_after_end")) == 2


def test_a_wrong_secret_of_a_known_prefix_is_told_to_nobody(acme, made, visitor):
    parts = token_text.new("person")
    known = token_text.TokenText("person", made.token.prefix, parts.secret)
    assert status(visitor, known.text) == 401
    assert events(acme, "api_token.used_after_end") == []


def test_every_change_writes_its_event(acme, bob, post, api):
    client = api("bob")
    body = {"name": "Wall", "scopes": ["profile:read"]}
    first = post(TOKENS, body, client=client).json()["details"]["id"]
    after = post(f"{TOKENS}/{first}/rotate", {}, client=client).json()["details"]
    client.delete(f"{TOKENS}/{after['id']}")
    with use(acme):
        told = SecurityEvent.objects.filter(name__startswith="api_token").order_by("id")
        names = [(one.name, one.actor, one.subject, one.via) for one in told]
    assert names == [
        (f"api_token.{word}", bob.pk, bob.pk, "token")
        for word in ("created", "rotated", "revoked")
    ]


def test_a35_no_log_holds_a_token(acme, made, visitor, caplog):
    caplog.set_level(logging.DEBUG)
    shown(visitor, made.text)
    with use(acme):
        api_tokens.revoke(made.token)
    shown(visitor, made.text)
    secret = token_text.parse(made.text).secret
    assert not any(secret in str(vars(record)) for record in caplog.records)


# By the API


def test_the_text_is_in_the_answer_to_the_creation_and_nowhere_else(api, post, visitor):
    client = api("bob")
    body = {"name": "Wall", "scopes": ["workitems:read", "profile:read"]}
    answer = post(TOKENS, body | {"expiresInDays": 7}, client=client)
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    text, details = answer.json()["token"], answer.json()["details"]
    assert details["begins"] == text[:12]
    assert details["scopes"] == ["profile:read", "workitems:read"]
    assert (details["owner"], details["owner_kind"]) == ("bob", "person")
    assert status(visitor, text) == 200
    listed = client.get(TOKENS)
    assert [one["id"] for one in listed.json()] == [details["id"]]
    assert text.split("_")[2] not in listed.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_body"),
        ({"name": "x", "scopes": "profile:read"}, 422, "invalid_body"),
        ({"name": "x", "scopes": ["profile:read"] * 51}, 422, "invalid_body"),
        ({"name": "x", "scopes": ["all"]}, 400, "scope_unknown"),
        ({"name": "x", "scopes": []}, 400, "missing_fields"),
        ({"name": " ", "scopes": ["profile:read"]}, 400, "missing_fields"),
        ({"name": "a\r\nb", "scopes": ["profile:read"]}, 400, "name_invalid"),
        (
            {"name": "x", "scopes": ["profile:read"], "expiresInDays": 367},
            422,
            "invalid_body",
        ),
        (
            {"name": "x", "scopes": ["profile:read"], "expiresInDays": 10**30},
            422,
            "invalid_body",
        ),
        (
            {"name": "x", "scopes": ["profile:read"], "serviceAccount": 10**30},
            422,
            "service_account_unknown",
        ),
        (
            {"name": "x", "scopes": ["profile:read"], "serviceAccount": 1},
            422,
            "service_account_unknown",
        ),
    ],
    ids=str,
)
def test_bad_input_is_a_clear_refusal(api, post, body, status, code):
    answer = post(TOKENS, body, client=api("admin"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with use(twins.info("acme")):
        assert not ApiToken.objects.exists()


@pytest.mark.parametrize("hours", [-1, 169, 10**30, "soon"])
def test_an_overlap_has_bounds(api, post, acme, made, hours):
    path = f"{TOKENS}/{made.token.pk}/rotate"
    answer = post(path, {"overlapHours": hours}, client=api("bob"))
    assert answer.status_code == 422


def test_somebody_elses_token_is_missing_and_an_administrator_sees_and_ends_it(
    api, post, made, acme
):
    path = f"{TOKENS}/{made.token.pk}"
    alice, admin = api("alice"), api("admin")
    assert alice.get(TOKENS).json() == []
    assert alice.delete(path).status_code == 404
    assert post(f"{path}/rotate", {}, client=alice).status_code == 404
    assert alice.get(TOKENS, {"everybody": "true"}).status_code == 403
    assert admin.get(TOKENS).json() == []
    (seen,) = admin.get(TOKENS, {"everybody": "true"}).json()
    assert seen["owner"] == "bob"
    assert post(f"{path}/rotate", {}, client=admin).status_code == 403
    assert admin.delete(path).status_code == 204
    with use(acme):
        assert ApiToken.objects.get().state == "revoked"


def test_the_list_has_pages(api, acme, bob):
    with use(acme):
        for number in range(3):
            api_tokens.create(
                owner=bob, name=f"t{number}", scopes_named=["profile:read"]
            )
    client = api("bob")
    first = client.get(TOKENS, {"limit": 2}).json()
    rest = client.get(TOKENS, {"limit": 2, "before": first[-1]["id"]}).json()
    assert [one["name"] for one in [*first, *rest]] == ["t2", "t1", "t0"]


def test_no_token_makes_lists_rotates_or_ends_tokens(visitor, post, made):
    client = visitor(authorization=f"Bearer {made.text}")
    answers = [
        client.get(TOKENS),
        post(TOKENS, {"name": "x", "scopes": ["profile:read"]}, client=client),
        post(f"{TOKENS}/{made.token.pk}/rotate", {}, client=client),
        client.delete(f"{TOKENS}/{made.token.pk}"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (403, "scope_missing")
    ] * 4


def test_no_token_changes_a_password(post, visitor, made, acme, bob):
    body = {
        "email": "bob@acme.test",
        "password": "four calm words here",
        "passwordVerify": "four calm words here",
        "currentPassword": "open",
    }
    client = visitor(authorization=f"Bearer {made.text}")
    answer = post("/api/accounts/change-password", body, client=client)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    with use(acme):
        assert User.objects.get(pk=bob.pk).check_password("open")


@pytest.mark.django_db(transaction=True)
def test_a26_a_rotation_at_the_end_of_its_owner_leaves_no_token_behind(acme, bob):
    with use(acme):
        made = api_tokens.create(owner=bob, name="x", scopes_named=["profile:read"])
    is_locked = threading.Event()

    def deactivate():
        with transaction.atomic():
            roles.lock_owners()
            User.objects.select_for_update().get(pk=bob.pk)
            is_locked.set()
            time.sleep(0.5)  # the rotation has begun by now
            lifecycle.deactivate(bob)

    def rotate():
        is_locked.wait(10)
        api_tokens.rotate(made.token)

    assert race(acme, deactivate, rotate) == ["done", "token_ended"]
    with use(acme):
        assert not ApiToken.objects.filter(revoked_at__isnull=True).exists()
