"""What the token library would do by itself, and does not do here; cookies and headers.

One test for each trap of the library, and the rows A27 to A31 of the acceptance table.
"""

import ast
import base64
import json
import time
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from django.conf import settings as django_settings
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import tests
from accounts import keys
from accounts.models import RefreshSession
from kernel import clock
from tenants.context import use

ME = "/api/protected/me"
SIGN_IN = "/api/auth/web/sign-in"
BOB = {"username": "bob", "password": "open"}


def bearer(visitor, token):
    return visitor().get(ME, headers={"authorization": f"Bearer {token}"})


def read(token):
    return jwt.decode(token, options={"verify_signature": False})


def encoded(part):
    raw = json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# The library


def test_the_library_is_no_app_and_serves_no_route():
    assert not [app for app in django_settings.INSTALLED_APPS if "simple_jwt" in app]
    for urlconf in ("config.urls", "config.public_urls"):
        views = [pattern.callback.__module__ for _, pattern in routes(urlconf)]
        assert not [name for name in views if name.startswith("ninja_simple_jwt")]


def test_the_library_is_imported_where_its_tokens_are_handled_and_nowhere_else():
    found = {
        path.name
        for app in ("accounts", "platform", "tenants", "workflow")
        for path in Path(django_settings.ROOT, app).rglob("*.py")
        if "ninja_simple_jwt" in imported(path)
    }
    assert found == {"authentication.py", "tokens.py", "keys.py"}


def imported(path):
    """Return the first words of what a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
    return names


def test_the_library_would_put_nothing_personal_into_a_token(admin):
    from ninja_simple_jwt.jwt.token_operations import get_token_payload_for_user

    assert get_token_payload_for_user(admin) == {"user_id": admin.pk}


def test_the_librarys_stray_tests_are_not_ours():
    assert Path(tests.__file__).parents[1] == Path(django_settings.ROOT)


def test_a_token_that_the_library_would_take_needs_a_device_here(visitor, admin):
    """A person of the other tenant, the right key and type: a token of any tenant."""
    from ninja_simple_jwt.jwt.token_operations import (
        TokenTypes,
        decode_token,
        encode_token,
    )

    payload = {"user_id": admin.pk}
    token, _ = encode_token(payload, TokenTypes.ACCESS, kid=keys.current().kid)
    assert decode_token(token, TokenTypes.ACCESS)["user_id"] == admin.pk
    assert bearer(visitor, token).status_code == 401


def test_a_token_without_an_end_is_one_to_the_library_and_none_here(visitor, token):
    from ninja_simple_jwt.jwt.token_operations import TokenTypes, decode_token

    endless = read(token("bob"))
    del endless["exp"]
    made = jwt.encode(
        endless,
        keys.current().private,
        algorithm="RS256",
        headers={"kid": keys.current().kid},
    )
    assert decode_token(made, TokenTypes.ACCESS)["user_id"]
    assert bearer(visitor, made).status_code == 401


def test_a_refresh_token_of_the_library_is_no_access_token(visitor, token):
    from ninja_simple_jwt.jwt.token_operations import TokenTypes, encode_token

    own = {
        name: read(token("bob"))[name] for name in ("user_id", "tenant", "gen", "tv")
    }
    own["sid"] = read(token("bob"))["sid"]
    made, _ = encode_token(own, TokenTypes.REFRESH, kid=keys.current().kid)
    assert bearer(visitor, made).status_code == 401


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    header=st.one_of(
        st.text(
            st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=80
        ),
        st.text("Bearer .ey0=-_ \t", max_size=40).map("Bearer ".__add__),
        st.binary(max_size=60).map(
            lambda raw: "Bearer " + base64.urlsafe_b64encode(raw).decode() + "..x"
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda parts: (
                st.lists(parts, max_size=3)
                | st.dictionaries(st.sampled_from(["kid", "alg", "jku", "b64"]), parts)
            ),
            max_leaves=6,
        ).map(lambda part: f"Bearer {encoded(part)}.{encoded(part)}.x"),
    )
)
def test_no_header_is_a_fault(visitor, db, header):
    answer = visitor().get(ME, headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


# A27: signatures


def foreign_key():
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return keys.private_pem(generate_private_key(public_exponent=65537, key_size=2048))


def test_a27_a_key_that_a_token_names_is_not_fetched(visitor, token):
    payload = read(token("bob"))
    place = {"jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/c"}
    for kid in (keys.current().kid, "0" * 16):
        made = jwt.encode(
            payload, foreign_key(), algorithm="RS256", headers={"kid": kid, **place}
        )
        assert bearer(visitor, made).status_code == 401


def test_a27_the_public_key_is_no_shared_secret(visitor, token):
    """Built by hand, as PyJWT refuses to: HS256 over the text of the public key."""
    import hashlib
    import hmac

    head = encoded({"alg": "HS256", "typ": "JWT", "kid": keys.current().kid})
    text = f"{head}.{encoded(read(token('bob')))}"
    mac = hmac.digest(keys.current().public, text.encode(), hashlib.sha256)
    signed = f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert bearer(visitor, signed).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS512", "ES256", 5])
def test_a27_no_other_algorithm_is_taken(visitor, token, algorithm):
    head = encoded({"alg": algorithm, "kid": keys.current().kid})
    for end in ("", "x", token("bob").split(".")[2]):
        text = f"{head}.{encoded(read(token('bob')))}.{end}"
        assert bearer(visitor, text).status_code == 401


# Rotation


def test_a_retired_key_dies_in_a_process_that_goes_on(
    visitor, token, settings, tmp_path, acme
):
    """Not only when the folder is read again: the old key may have been stolen."""
    settings.JWT_KEY_DIR = tmp_path / "keys"
    with clock.frozen():
        old = read(token("bob"))
        signer, kid = keys.current().private, keys.current().kid
        keys.make(rotate=True)
        made = jwt.encode(
            {**old, "exp": int(time.time()) + 9999},
            signer,
            algorithm="RS256",
            headers={"kid": kid},
        )
        assert bearer(visitor, made).status_code == 200
        stamp = keys._stamp()
        clock.advance(timedelta(minutes=17))
        with use(acme):
            RefreshSession.objects.update(last_used_at=clock.now())
        assert keys._stamp() == stamp
        assert bearer(visitor, made).status_code == 401


def test_another_process_hears_of_a_rotation_without_a_restart(
    visitor, token, settings, tmp_path
):
    import os
    import subprocess
    import sys

    settings.JWT_KEY_DIR = tmp_path / "keys"
    old = token("bob")
    rotate = (
        "import django; django.setup();"
        "from django.conf import settings;"
        f"settings.JWT_KEY_DIR = {str(tmp_path / 'keys')!r};"
        "from django.core.management import call_command;"
        "call_command('make_jwt_key', rotate=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", rotate],
        cwd=django_settings.ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{django_settings.ROOT}:{django_settings.ROOT}/platform",
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    new = token("bob")
    assert jwt.get_unverified_header(new)["kid"] in done.stdout
    assert jwt.get_unverified_header(old)["kid"] not in done.stdout
    assert bearer(visitor, new).status_code == 200
    assert bearer(visitor, old).status_code == 200


# Who is asking


def test_an_address_that_a_client_claims_is_no_identity(post, settings, db):
    """As throttling by the whole X-Forwarded-For would take it for a new client."""
    settings.ACCOUNTS_LIMITS = {"sign_in.client": (3, 60)}
    statuses = [
        post(
            SIGN_IN,
            {"username": f"nobody{n}", "password": "no"},
            **{"X-Forwarded-For": f"203.0.113.{n}"},
        ).status_code
        for n in range(4)
    ]
    assert statuses == [401, 401, 401, 429]


# A29: cookies


def test_a29_every_cookie_of_every_answer_is_for_its_host_alone(
    visitor, post, settings, acme
):
    from tests.accounts.factors import enrolled

    settings.REFRESH_COOKIE_HOST_PREFIX = True
    settings.SESSION_COOKIE_NAME = "__Host-session"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.CSRF_COOKIE_NAME = "__Host-csrf"
    client = visitor()
    seen = {}
    with use(acme):
        from accounts.models import User

        carol = User.objects.get(username="carol")
    holder = enrolled(carol, acme)
    email = {"email": "bob@acme.test"}
    for answer in (
        post(SIGN_IN, BOB, client=client),
        post("/api/auth/web/token-refresh", {}, client=client),
        post("/api/auth/web/sign-out", {}, client=client),
        post("/api/accounts/forgot-password", email, client=client),
        client.get("/accounts/sign-in"),
        client.post("/accounts/forgot", email),
        client.post("/accounts/sign-in", {**BOB, "username": holder.user.username}),
        client.post("/accounts/sign-in/second-factor", {"code": holder.code()}),
    ):
        seen.update(answer.cookies)
    assert set(seen) == {
        "__Host-refresh",
        "__Host-known_device",
        "__Host-flow_reset",
        "__Host-mfa_ticket",
        "__Host-session",
        "__Host-csrf",
    }
    for name, cookie in seen.items():
        assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True)
        assert cookie["samesite"] in {"Strict", "Lax"}
        assert cookie["httponly"] or name == "__Host-csrf"


def test_a29_a_cookie_over_https_is_secure_without_the_prefix_too(visitor, db):
    client = visitor()
    answer = client.post(SIGN_IN, BOB, content_type="application/json", secure=True)
    assert all(cookie["secure"] for cookie in answer.cookies.values())


# A30: other sites


@pytest.mark.parametrize(
    "path",
    [
        "/api/auth/web/sign-in",
        "/api/auth/web/mfa",
        "/api/auth/web/token-refresh",
        "/api/auth/web/sign-out",
        "/api/accounts/verify-code",
        "/api/accounts/change-password",
        "/api/accounts/forgot-password",
        "/api/accounts/register",
        "/api/accounts/resend",
    ],
)
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://globex.localhost"}],
    ids=str,
)
def test_a30_another_site_is_refused_by_every_route_that_reads_a_cookie(
    post, db, path, headers
):
    body = {**BOB, "ticket": "x", "code": "x", "email": "bob@acme.test"}
    answer = post(path, body, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert not answer.cookies


# A31: security headers


def routes(urlconf):
    """Return each route of a URL map with its address, names filled in by 1."""
    found = []

    def walk(patterns, prefix):
        for pattern in patterns:
            place = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, place)
            elif isinstance(pattern, URLPattern):
                found.append((place, pattern))

    walk(get_resolver(urlconf).url_patterns, "/")
    return found


def address(route):
    import re

    filled = re.sub(r"<(uuid:)[^>]*>", "0" * 32, route)
    return (
        re.sub(r"<[^>]*>", "1", filled).replace("^", "").replace("\\Z", "").rstrip("$")
    )


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cross-Origin-Opener-Policy": "same-origin",
}


#: The body of a mail stands in a frame of our own page, and in no other.
FRAMED = ("/accounts/branding/mail/<slug:mail>/html",)


@pytest.mark.parametrize(
    ("urlconf", "host"),
    [("config.urls", "acme.localhost"), ("config.public_urls", "localhost")],
)
def test_a31_every_route_of_the_url_map_sends_the_security_headers(
    visitor, settings, db, urlconf, host
):
    settings.TENANTRY_SCHEME = "https"
    client = visitor(host)
    walked = 0
    for route, _ in routes(urlconf):
        answer = client.get(address(route))
        walked += 1
        framed = "SAMEORIGIN" if route in FRAMED else "DENY"
        for name, value in {**HEADERS, "X-Frame-Options": framed}.items():
            assert answer[name] == value, (route, name)
        policy = answer["Content-Security-Policy"]
        # A stranger meets the sign-in instead of the mail, and that in no frame.
        assert "frame-ancestors 'none'" in policy, route
        assert "object-src 'none'" in policy, route
        assert "base-uri 'none'" in policy, route
        assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}, route
        assert "Access-Control-Allow-Origin" not in answer.headers, route
    assert walked > 30


def test_a31_a_deployment_says_https_for_a_year(monkeypatch):
    from importlib import import_module, reload

    for name in ("SECRET_KEY", "CODE_PEPPER", "ACCOUNTS_SECRET_KEYS"):
        monkeypatch.setenv(name, "x" * 60)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@127.0.0.1/x")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    production = reload(import_module("config.settings.production"))
    assert production.TENANTRY_SCHEME == "https"
    assert production.REFRESH_COOKIE_HOST_PREFIX is True
    assert production.SESSION_COOKIE_NAME == "__Host-session"
    assert production.DEBUG is False
