"""A token counts only in its tenant, for its device, as long as its row agrees."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from accounts import keys, tokens
from accounts.models import RefreshSession, User
from kernel import clock
from tenants.context import use

ME = "/api/protected/me"


def bearer(visitor, token, host="acme.localhost"):
    return visitor(host).get(ME, headers={"authorization": f"Bearer {token}"})


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def forged(payload, *, algorithm="RS256", key=None, **header):
    return jwt.encode(
        payload,
        key if key is not None else keys.current().private,
        algorithm=algorithm,
        headers={"kid": keys.current().kid, **header},
    )


def test_a_token_holds_nothing_personal(token):
    payload = claims(token("admin"))
    assert sorted(payload) == [
        "exp",
        "gen",
        "iat",
        "jti",
        "sid",
        "tenant",
        "token_type",
        "tv",
        "user_id",
    ]
    assert payload["exp"] - payload["iat"] == 900


def test_the_check_costs_one_statement(token, acme, django_assert_num_queries):
    from django.test import RequestFactory

    from accounts.authentication import TenantAuth

    header = {"authorization": f"Bearer {token('admin')}"}
    request = RequestFactory().get(ME, headers=header)
    with use(acme), django_assert_num_queries(1):
        person = TenantAuth()(request)
    assert person.username == "admin"


def test_a28_a_token_of_acme_is_refused_at_globex_although_the_keys_are_equal(
    token, visitor, globex, admin, person
):
    assert person("admin", globex).pk == admin.pk
    assert bearer(visitor, token("admin"), "globex.localhost").status_code == 401
    assert bearer(visitor, token("admin")).status_code == 200


def test_a_token_with_the_other_tenants_name_needs_a_device_there(
    token, visitor, globex
):
    payload = claims(token("admin")) | {"tenant": str(globex.uuid)}
    assert bearer(visitor, forged(payload), "globex.localhost").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"exp": None},
        {"jti": None},
        {"token_type": "refresh"},
        {"token_type": None},
        {"tenant": None},
        {"tenant": 5},
        {"gen": 2},
        {"gen": None},
        {"user_id": "1"},
        {"user_id": True},
        {"user_id": 10**30},
        {"tv": None},
        {"tv": 99},
        {"sid": "nonsense"},
        {"sid": "0" * 32},
        {"sid": None},
        {"exp": 1},
        {"exp": "soon"},
    ],
    ids=str,
)
def test_a28_a_signed_token_with_a_wrong_claim_is_refused(token, visitor, change):
    payload = {
        key: value
        for key, value in (claims(token("admin")) | change).items()
        if value is not None
    }
    answer = bearer(visitor, forged(payload))
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


def test_a27_another_algorithm_or_key_is_refused(token, visitor):
    payload = claims(token("admin"))
    none = (
        base64.urlsafe_b64encode(
            json.dumps({"alg": "none", "kid": keys.current().kid}).encode()
        )
        .rstrip(b"=")
        .decode()
        + "."
        + token("admin").split(".")[1]
        + "."
    )
    assert bearer(visitor, none).status_code == 401
    assert bearer(visitor, forged(payload, kid="0" * 16)).status_code == 401
    assert bearer(visitor, forged(payload, kid="")).status_code == 401
    symmetric = forged(payload, algorithm="HS256", key=b"x" * 40)
    assert bearer(visitor, symmetric).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  two",
        "Bearer a b",
        "Basic abc",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 100_000,
        "bearer e30.e30.e30",
    ],
    ids=lambda text: text[:12],
)
def test_a_malformed_header_is_a_401_in_one_voice(visitor, db, header):
    answer = visitor().get(ME, headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a28_a_token_ends_after_fifteen_minutes_of_the_products_clock(
    token, visitor, frozen_clock
):
    text = token("admin")
    clock.advance(timedelta(minutes=15))
    assert bearer(visitor, text).status_code == 200
    clock.advance(timedelta(seconds=11))
    assert bearer(visitor, text).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"token_version": 99},
    ],
    ids=str,
)
def test_a_change_of_the_row_ends_a_token_at_once(token, visitor, acme, bob, change):
    text = token("bob")
    with use(acme):
        User.objects.filter(pk=bob.pk).update(**change)
    assert bearer(visitor, text).status_code == 401


def test_a_revoked_device_ends_its_token_at_once(token, visitor, acme):
    text = token("bob")
    with use(acme):
        RefreshSession.objects.update(revoked_at=clock.now())
    assert bearer(visitor, text).status_code == 401


def test_a_rotated_key_still_verifies_its_tokens(token, visitor, settings, tmp_path):
    settings.JWT_KEY_DIR = tmp_path / "keys"
    old = token("bob")
    before = keys.current().kid
    after = keys.make(rotate=True)
    assert keys.current().kid == after != before
    assert bearer(visitor, old).status_code == 200
    assert bearer(visitor, token("bob")).status_code == 200


def test_a_retired_key_is_forgotten_when_its_last_token_is_dead(
    token, visitor, settings, tmp_path
):
    import os

    settings.JWT_KEY_DIR = tmp_path / "keys"
    old = token("bob")
    keys.make(rotate=True)
    (retired,) = (tmp_path / "keys").glob("retired-*.pub")
    os.utime(retired, (0, 0))
    assert bearer(visitor, old).status_code == 401


def test_the_private_key_is_readable_by_its_owner_only(settings, tmp_path):
    settings.JWT_KEY_DIR = tmp_path / "keys"
    keys.make()
    path = keys.private_path()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(keys.KeyExists):
        keys.make()


def test_no_key_is_made_in_production(settings, tmp_path):
    from django.core.exceptions import ImproperlyConfigured

    settings.JWT_KEY_DIR = tmp_path / "keys"
    settings.DEVELOPMENT_MODE = False
    with pytest.raises(ImproperlyConfigured, match="make_jwt_key"):
        keys.current()


def test_the_keys_may_come_from_two_settings(settings, tmp_path, in_acme):
    settings.JWT_KEY_DIR = tmp_path / "keys"
    keys.make()
    settings.JWT_PRIVATE_KEY = keys.private_path().read_text()
    settings.JWT_PUBLIC_KEY = keys.public_path().read_text()
    settings.JWT_KEY_DIR = tmp_path / "nothing"
    user = User.objects.get(username="bob")
    session = RefreshSession(user=user)
    read = tokens.read_access(tokens.issue_access(user, session))
    assert read.user_id == user.pk
