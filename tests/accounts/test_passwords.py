"""What a password must be: its length, the lists, its context, and how it is kept."""

import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts import accepting, breached, invitations, passwords
from accounts.errors import (
    PasswordBreached,
    PasswordCommon,
    PasswordContextual,
    PasswordTooLong,
    PasswordTooShort,
)
from accounts.models import SecurityEvent, TenantBranding, User
from tenants.context import use
from tests.accounts import patterns
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD

REGISTER = "/api/accounts/register"
CHANGE = "/api/accounts/change-password"
SIGN_IN = "/api/auth/mobile/sign-in"
BREACHED = "grey lamp over the harbour"


def person_with(password):
    return {
        "firstName": "Newcomer",
        "lastName": "Example",
        "email": "newcomer@example.test",
        "password": password,
    }


# Length and letters


def test_a01_fifteen_characters_are_enough_and_fourteen_are_not(in_acme):
    passwords.check("quiet river boa")
    with pytest.raises(PasswordTooShort, match="at least 15"):
        passwords.check("quiet river bo")


def test_a01_eight_are_enough_only_where_a_second_factor_is_demanded(acme, globex):
    with use(acme):
        TenantBranding.objects.update(require_mfa=True)
        passwords.check("quietbo7")
        with pytest.raises(PasswordTooShort, match="at least 8"):
            passwords.check("quietb7")
    with use(globex), pytest.raises(PasswordTooShort):
        passwords.check("quietbo7")


def test_a01_the_forms_say_how_long(visitor, acme):
    assert "At least 15 characters." in visitor().get("/accounts/register").text
    with use(acme):
        TenantBranding.objects.update(require_mfa=True)
    assert "At least 8 characters." in visitor().get("/accounts/register").text


@pytest.mark.parametrize("length", [64, 128, 1024])
def test_a02_long_passwords_are_taken_whole(in_acme, length):
    password = " ".join(f"lamp {n} harbour" for n in range(99))[:length]
    passwords.check(password)
    user = User(password=passwords.hashed(password))
    assert passwords.matches(user, password)
    assert not passwords.matches(user, password[:-1])


@pytest.mark.parametrize("length", [1025, 1_000_000])
def test_a02_what_is_too_long_is_refused_in_ten_milliseconds(in_acme, length):
    password = "x" * length
    user = User.objects.get(username="bob")
    begun = time.perf_counter()
    with pytest.raises(PasswordTooLong):
        passwords.check(password)
    assert not passwords.matches(user, password)
    assert time.perf_counter() - begun < 0.01


def test_a02_a_megabyte_by_every_door_is_a_4xx(post, visitor, db):
    huge = "x" * 1_000_000
    for path in (SIGN_IN, REGISTER, CHANGE):
        body = {**person_with(huge), "username": "bob", "passwordVerify": huge}
        assert 400 <= post(path, body).status_code < 500, path
    form = {"username": "bob", "password": huge}
    assert visitor().post("/accounts/sign-in", form).status_code == 422


def test_a02_composed_and_decomposed_letters_sign_in(post, acme, bob):
    with use(acme):
        hashed = passwords.hashed("caf\u00e9 au lait, dear")
        User.objects.filter(pk=bob.pk).update(password=hashed)
    body = {"username": "bob", "password": "cafe\u0301 au lait, dear"}
    assert post(SIGN_IN, body).status_code == 200


def test_a03_fifteen_small_letters_are_enough_and_nothing_expires(in_acme, settings):
    passwords.check("lampqoverriverz")
    assert not [name for name in dir(settings) if "PASSWORD_EXPIR" in name]


# Common and contextual ones


def test_a04_the_list_is_what_its_patterns_give():
    kept = passwords.COMMON.read_text(encoding="utf-8").splitlines()
    assert kept == patterns.built()


@pytest.mark.parametrize("demands", [False, True])
def test_a04_at_least_three_thousand_common_passwords_fit_and_each_is_refused(
    in_acme, demands
):
    TenantBranding.objects.update(require_mfa=demands)
    shortest = passwords.shortest()
    fitting = [one for one in passwords._common() if len(one) >= shortest]
    assert len(fitting) >= 3000
    assert all(passwords.is_common(one) for one in fitting)
    for one in sorted(fitting)[:: len(fitting) // 40]:
        with pytest.raises(PasswordCommon):
            passwords.check(one.title())


def test_a04_a_password_is_not_built_on_the_tenants_name(acme, globex):
    with use(acme), pytest.raises(PasswordContextual):
        passwords.check("acme-company-2026")
    with use(globex):
        passwords.check("acme-company-2026")


# Breached ones


def failed_checks():
    return SecurityEvent.objects.filter(name="password.breach_check_failed")


class Ranges(BaseHTTPRequestHandler):
    """Answers as a service of breached passwords does, and notes what it was asked."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.says == "nothing":
            time.sleep(3)
            return
        status = 200 if self.server.says == "ranges" else 503
        digest = hashlib.sha1(BREACHED.encode()).hexdigest().upper()
        lines = ["0" * 35 + ":3", f"{digest[5:]}:{self.server.times}", "F" * 35 + ":0"]
        body = "\r\n".join(lines).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def service(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
    server.asked, server.says, server.times = [], "ranges", 7
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    place = f"127.0.0.1:{server.server_port}"
    settings.OUTGOING_PRIVATE_HOSTS = [place]
    settings.ACCOUNTS = {"BREACHED_PASSWORDS_URL": f"http://{place}/range/"}
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a05_a_breached_password_is_refused_and_never_leaves_the_house(
    in_acme, service
):
    with pytest.raises(PasswordBreached):
        passwords.check(BREACHED)
    digest = hashlib.sha1(BREACHED.encode()).hexdigest().upper()
    assert service.asked == [f"/range/{digest[:5]}"]


def test_a05_another_password_and_padding_are_let_through(in_acme, service):
    passwords.check(GOOD_PASSWORD)
    service.times = 0
    passwords.check(BREACHED)
    assert failed_checks().count() == 0


@pytest.mark.parametrize("says", ["nothing", "sorry"])
def test_a05_a_service_that_is_away_lets_the_password_through_with_an_event(
    in_acme, service, says
):
    service.says = says
    begun = time.perf_counter()
    passwords.check(BREACHED)
    assert time.perf_counter() - begun < 2.9
    event = failed_checks().get()
    assert BREACHED not in str(event.details)


def test_a05_it_is_asked_at_register_change_and_reset(
    post, service, code_for, api, acme
):
    told = post(REGISTER, person_with(BREACHED))
    assert (told.status_code, told.json()["code"]) == (400, "password_breached")
    email = "bob@acme.test"
    chosen = {"password": BREACHED, "passwordVerify": BREACHED, "email": email}
    own = post(CHANGE, {**chosen, "currentPassword": "open"}, client=api("bob"))
    assert own.json()["code"] == "password_breached"
    flow = post("/api/accounts/forgot-password", {"email": email}).json()["flow"]
    body = {"email": email, "code": code_for(email), "flow": flow}
    ticket = post("/api/accounts/verify-code", body).json()["ticket"]
    reset = post(CHANGE, {**chosen, "ticket": ticket})
    assert reset.json()["code"] == "password_breached"
    good = {**chosen, "password": OTHER_PASSWORD, "passwordVerify": OTHER_PASSWORD}
    assert post(CHANGE, {**good, "ticket": ticket}).status_code == 200


@pytest.mark.parametrize("count", [1, 2, 3, 100])
@pytest.mark.parametrize("ending", ["", ":12\r"])
def test_a05_a_file_of_digests_does_the_same_offline(
    in_acme, settings, tmp_path, count, ending
):
    others = [f"calm word number {n}" for n in range(count)]
    digests = [hashlib.sha1(one.encode()).hexdigest().upper() for one in others]
    path = tmp_path / "digests.txt"
    path.write_text("".join(f"{one}{ending}\n" for one in sorted(digests)))
    settings.ACCOUNTS = {"BREACHED_PASSWORDS_FILE": str(path)}
    assert all(breached.is_breached(one) for one in others)
    assert not any(breached.is_breached(f"{one} more") for one in others)
    with pytest.raises(PasswordBreached):
        passwords.check(others[0])


@pytest.mark.parametrize("content", [None, ""])
def test_a05_a_file_that_is_missing_or_empty_is_an_event(
    in_acme, settings, tmp_path, content
):
    path = tmp_path / "digests.txt"
    if content is not None:
        path.write_text(content)
    settings.ACCOUNTS = {"BREACHED_PASSWORDS_FILE": str(path)}
    passwords.check(GOOD_PASSWORD)
    assert failed_checks().count() == 1


# Changing and keeping


def test_a06_a_change_needs_the_current_password(post, api, acme):
    body = {
        "email": "bob@acme.test",
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
    }
    client = api("bob")
    for current in ({}, {"currentPassword": ""}, {"currentPassword": "no"}):
        answer = post(CHANGE, {**body, **current}, client=client)
        assert answer.status_code == 403
        assert answer.json()["code"] == "reauthentication_required"
    assert (
        post(CHANGE, {**body, "currentPassword": "open"}, client=client).status_code
        == 200
    )


def test_a08_passwords_are_kept_by_argon2id():
    assert passwords.hashed(GOOD_PASSWORD).startswith("argon2$argon2id$")


def test_a05_an_invitation_asks_the_service_once_and_in_no_transaction(
    in_acme, service, admin, letters
):
    invitations.invite(email="new@example.com", role="member", by=admin)
    token = re.search(r"#token=([\w-]+)", letters("new@example.com")[0].text)[1]
    names = {"first_name": "New", "last_name": "Comer"}
    accepting.accept(token, **names, password="four calm words here")
    assert len(service.asked) == 1
