"""Failed sign-ins slow down, disable a password, and never lock its owner out."""

from datetime import timedelta

import pytest
from django.db import connection

from accounts import failures, known_devices, sign_in
from accounts.errors import SignInFailed
from accounts.failures import Attempt
from accounts.known_devices import Known
from accounts.models import LimitCounter, SecurityEvent, User
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD

SIGN_IN = "/api/auth/web/sign-in"
BOB, WRONG = (
    {"username": "bob", "password": "open"},
    {"username": "bob", "password": "no"},
)

pytestmark = pytest.mark.usefixtures("frozen_clock")


def later(**passed):
    clock.advance(timedelta(**passed))


def fail(times, *, known=None, client="198.51.100.7", name="bob"):
    """Fail so often, waiting as long as every pause and limit asks for."""
    for _ in range(times):
        later(hours=1, minutes=1)
        with pytest.raises(SignInFailed):
            sign_in.authenticate(name, "no", client=client, known=known)


def passes(*, known=None, client="198.51.100.7"):
    later(hours=1, minutes=1)
    try:
        return sign_in.authenticate("bob", "open", client=client, known=known).username
    except SignInFailed:
        return None


def known_of(user):
    return Known({str(user.pk): (user.token_version, int(clock.now().timestamp()))})


# Disabled passwords


def test_a14_the_right_password_is_refused_after_80_failures_in_a_row(in_acme, bob):
    fail(79)
    assert passes() == "bob"
    fail(80)
    assert passes() is None
    assert passes(client="203.0.113.9") is None
    event = SecurityEvent.objects.get(name="password.disabled")
    assert event.details == {"where": "strange devices"}


def test_a14_on_known_devices_20_failures_disable_it_everywhere(in_acme, bob):
    fail(19, known=known_of(bob))
    assert passes(known=known_of(bob)) == "bob"
    fail(20, known=known_of(bob))
    later(hours=2)
    known = known_of(bob)
    assert passes(known=known) is None
    assert passes() is None
    bob.refresh_from_db()
    assert bob.password_disabled_at is not None


def test_a14_a_reset_enables_the_password_again(in_acme, bob):
    from accounts import challenges, recovery

    fail(80)
    fail(20, known=known_of(bob))
    ticket = challenges.issue_reset_ticket(bob)
    recovery.change_with_ticket(
        ticket=ticket, password=GOOD_PASSWORD, password_verify=GOOD_PASSWORD
    )
    user = sign_in.authenticate("bob", GOOD_PASSWORD, client="203.0.113.9")
    assert (user.failed_sign_ins, user.password_disabled_at) == (0, None)


@pytest.mark.django_db(transaction=True)
def test_a14_parallel_failures_are_all_counted_before_the_comparison(acme, bob):
    """The count commits first, so no more than the limit is ever compared."""
    from concurrent.futures import ThreadPoolExecutor

    def take(_):
        with use(acme):
            user = User.objects.get(username="bob")
            taken = failures.take_try(Attempt("bob", user, "-", is_known=False))
            connection.close()
            return taken

    with use(acme):
        User.objects.filter(username="bob").update(failed_sign_ins=70)
    with ThreadPoolExecutor(10) as pool:
        taken = [one for one in pool.map(take, range(30)) if one is not None]
    assert sorted(taken) == list(range(71, 81))


def test_a15_a_stranger_with_a_thousand_failures_does_not_lock_the_owner_out(
    in_acme, bob
):
    """From the same network as the owner, and faster than any pause allows."""
    from accounts.errors import Throttled

    known = known_of(bob)
    for n in range(1000):
        clock.advance(timedelta(seconds=20))
        with pytest.raises((SignInFailed, Throttled)):
            sign_in.authenticate("bob", f"no {n}", client="198.51.100.7")
    user = sign_in.authenticate("bob", "open", client="198.51.100.7", known=known)
    assert user.pk == bob.pk


def test_a15_by_http_the_known_browser_signs_in_through_the_pause(post, visitor, acme):
    owner = visitor()
    answer = post(SIGN_IN, BOB, client=owner)
    cookie = answer.cookies["known_device"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert int(cookie["max-age"]) == 90 * 24 * 3600
    for _ in range(25):
        post(SIGN_IN, WRONG)
    assert post(SIGN_IN, BOB).status_code == 429
    assert post(SIGN_IN, BOB, client=owner).status_code == 200


def test_a_success_forgets_the_failures_of_its_own_class_only(in_acme, bob):
    known = known_of(bob)
    fail(3)
    fail(2, known=known)
    assert passes(known=known) == "bob"
    bob.refresh_from_db()
    assert (bob.failed_sign_ins, bob.failed_known_sign_ins) == (3, 0)
    assert passes() == "bob"
    bob.refresh_from_db()
    assert bob.failed_sign_ins == 0


def test_known_devices_have_pauses_of_their_own(in_acme, bob):
    from accounts.errors import Throttled

    known = known_of(bob)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in.authenticate("bob", "no", client="-", known=known)
    with pytest.raises(Throttled):
        sign_in.authenticate("bob", "open", client="-", known=known)
    assert sign_in.authenticate("bob", "open", client="-").pk == bob.pk


# The cookie of a known device


def seen(visitor, cookie, host="acme.localhost"):
    """Return what a server makes of the cookie."""
    from django.test import RequestFactory

    request = RequestFactory().get("/", headers={"host": host})
    request.COOKIES["known_device"] = cookie
    return known_devices.read(request)


@pytest.fixture
def cookie(post, visitor):
    return post(SIGN_IN, BOB, client=visitor()).cookies["known_device"].value


def test_the_cookie_is_of_one_account_and_one_tenant(
    visitor, cookie, bob, carol, globex
):
    from tests import twins

    with use(twins.info("acme")):
        assert seen(visitor, cookie).includes(bob)
        assert not seen(visitor, cookie).includes(carol)
    with use(globex):
        assert seen(visitor, cookie) == Known()


def test_the_cookie_ends_after_90_days_and_with_the_token_version(
    visitor, cookie, in_acme, bob
):
    later(days=89, hours=23)
    assert seen(visitor, cookie).includes(bob)
    bob.token_version += 1
    assert not seen(visitor, cookie).includes(bob)
    bob.token_version -= 1
    later(hours=2)
    assert not seen(visitor, cookie).includes(bob)


@pytest.mark.parametrize("forged", ["", "x", "a:b:c", "\x00", "é" * 99, "x" * 9999])
def test_a_forged_cookie_is_no_known_device(visitor, in_acme, forged):
    assert seen(visitor, forged) == Known()


def test_one_browser_remembers_five_accounts(in_acme, bob):
    from django.http import HttpResponse
    from django.test import RequestFactory

    request, response = RequestFactory().get("/"), HttpResponse()
    people = [User(pk=n, token_version=1) for n in range(1, 8)]
    for person in people:
        later(seconds=1)
        known_devices.remember(request, response, person)
        request.COOKIES["known_device"] = response.cookies["known_device"].value
    found = known_devices.read(request)
    assert [person.pk for person in people if found.includes(person)] == [3, 4, 5, 6, 7]


def test_an_api_sign_in_of_an_app_gets_no_cookie(post, db):
    answer = post("/api/auth/mobile/sign-in", BOB)
    assert not answer.cookies


# The store


BROKEN = "SELECT nothing FROM nowhere"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", ["limits.UPSERT", "failures.TAKE_TRY"])
def test_without_its_store_nobody_is_let_in(post, visitor, acme, monkeypatch, broken):
    monkeypatch.setattr(f"accounts.{broken}", BROKEN)
    for path in (SIGN_IN, "/api/auth/mobile/sign-in"):
        answer = post(path, BOB)
        told = (answer.status_code, answer.json()["code"])
        assert told == (503, "limiter_unavailable")
    assert visitor().post("/accounts/sign-in", BOB).status_code == 503


def test_unknown_names_slow_down_alike(post, acme):
    """Known, unknown and service names get the same answers, try by try."""
    told = []
    for name in ("bob", "nobody", "nobody@acme.test"):
        body = {"username": name, "password": "no"}
        answers = [post(SIGN_IN, body) for _ in range(6)]
        told.append([(one.status_code, one.json()["code"]) for one in answers])
        with use(acme):
            LimitCounter.objects.filter(scope="sign_in.client").delete()
    assert told[0] == told[1] == told[2]
    assert [status for status, _ in told[0]] == [401] * 5 + [429]
