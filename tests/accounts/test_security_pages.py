"""The pages of one's own security and devices, as a browser meets them."""

from datetime import timedelta

import pytest

from accounts import factors
from accounts.models import (
    MailMessage,
    MfaDevice,
    RefreshSession,
    SecurityEvent,
    TenantBranding,
)
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD
from tests.accounts.factors import enrolled

SIGN_IN, SECOND = "/accounts/sign-in", "/accounts/sign-in/second-factor"
SECURITY, DEVICES = "/accounts/security", "/accounts/devices"
AUTHENTICATOR = f"{SECURITY}/authenticator"
BOB = {"username": "bob", "password": "open"}
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def browser(browser_of):
    return browser_of("bob")


def later(**passed):
    clock.advance(timedelta(**passed))


def is_signed_in(client):
    return client.get(SECURITY).status_code == 200


# The second step


def test_the_second_step_stands_between_the_password_and_the_pages(visitor, bob, acme):
    holder = enrolled(bob, acme)
    client = visitor()
    answer = client.post(SIGN_IN, {**BOB, "next": "/leave/"})
    assert answer["Location"] == f"{SECOND}?next=%2Fleave%2F"
    assert answer.cookies["mfa_ticket"]["httponly"]
    assert client.get("/leave/").status_code == 302
    page = client.get(answer["Location"])
    assert 'autocomplete="one-time-code"' in page.text
    wrong = client.post(answer["Location"], {"code": "000000"})
    assert (wrong.status_code, "This is not the code" in wrong.text) == (422, True)
    right = client.post(SECOND, {"code": holder.code(), "next": "/leave/"})
    assert right["Location"] == "/leave/"
    assert right.cookies["mfa_ticket"]["max-age"] == 0
    assert client.get("/leave/").status_code == 200


def test_a_recovery_code_is_the_other_way(visitor, bob, acme):
    holder = enrolled(bob, acme)
    client = visitor()
    client.post(SIGN_IN, BOB)
    assert "Recovery code" in client.get(f"{SECOND}?recovery=1").text
    assert (
        client.post(f"{SECOND}?recovery=1", {"code": holder.saved[0]}).status_code
        == 302
    )
    assert is_signed_in(client)


def test_too_many_wrong_codes_begin_anew(visitor, bob, acme):
    holder = enrolled(bob, acme)
    client = visitor()
    client.post(SIGN_IN, BOB)
    for _ in range(5):
        assert client.post(SECOND, {"code": "000000"}).status_code == 422
    answer = client.post(SECOND, {"code": holder.code()})
    assert answer["Location"] == SIGN_IN
    assert "Too late, or too many tries." in client.get(SIGN_IN).text


def test_without_the_password_there_is_no_second_step(visitor, acme):
    assert visitor().get(SECOND)["Location"] == SIGN_IN


# Setting up


def test_an_authenticator_is_set_up_by_pages(browser, acme, bob):
    import pyotp

    begun = browser.post(AUTHENTICATOR, {"begin": "1"})
    assert begun["Location"] == AUTHENTICATOR
    page = browser.get(AUTHENTICATOR)
    assert "<svg " in page.text
    assert "no-store" in page["Cache-Control"]
    with use(acme):
        secret = factors.waiting(bob).secret
    wrong = browser.post(AUTHENTICATOR, {"code": "000000"})
    assert (wrong.status_code, "This is not the code" in wrong.text) == (422, True)
    code = pyotp.TOTP(secret).at(int(clock.now().timestamp()))
    saved = browser.post(AUTHENTICATOR, {"code": code})
    assert saved.text.count("<li><code>") == 10
    assert "10 of 10 codes are left." in browser.get(SECURITY).text
    assert browser.get(AUTHENTICATOR)["Location"] == SECURITY


def test_reading_a_page_sets_nothing_up(browser, acme):
    for page in (SECURITY, AUTHENTICATOR, DEVICES):
        browser.get(page)
    with use(acme):
        assert not MfaDevice.objects.exists()


def test_codes_are_made_anew_and_an_authenticator_is_removed_by_pages(
    visitor, bob, acme
):
    holder = enrolled(bob, acme)
    client = visitor()
    client.post(SIGN_IN, BOB)
    client.post(SECOND, {"code": holder.code()})
    assert client.get(f"{SECURITY}/recovery-codes").status_code == 405
    made = client.post(f"{SECURITY}/recovery-codes")
    assert made.text.count("<li><code>") == 10
    with use(acme):
        number = factors.confirmed(bob).get().pk
    gone = client.post(f"{AUTHENTICATOR}/{number}/remove")
    assert gone["Location"] == SECURITY
    assert "Set up an authenticator" in client.get(SECURITY).text


def test_a20_the_pages_ask_for_a_fresh_proof_and_lead_back(browser):
    later(minutes=10, seconds=1)
    assert 'id="begin-password"' in browser.get(SECURITY).text
    for typed, said in (("", "more than ten minutes old"), ("no", "not your password")):
        form = {"begin": "1", "current_password": typed}
        assert browser.post(AUTHENTICATOR, form)["Location"] == SECURITY
        assert said in browser.get(SECURITY).text
    form = {"begin": "1", "current_password": "open"}
    assert browser.post(AUTHENTICATOR, form)["Location"] == AUTHENTICATOR
    assert 'id="begin-password"' not in browser.get(SECURITY).text


def test_a20_a_factor_goes_by_the_pages_after_a_fresh_proof_only(visitor, bob, acme):
    holder = enrolled(bob, acme)
    client = visitor()
    client.post(SIGN_IN, BOB)
    client.post(SECOND, {"code": holder.code()})
    with use(acme):
        number = factors.confirmed(bob).get().pk
    later(minutes=10, seconds=1)
    shown = client.get(SECURITY).text
    for dialog in (f"remove-{number}", "renew-codes"):
        assert f'id="{dialog}-password"' in shown
    for path in (f"{AUTHENTICATOR}/{number}/remove", f"{SECURITY}/recovery-codes"):
        assert client.post(path)["Location"] == SECURITY
    assert "10 of 10 codes are left." in client.get(SECURITY).text
    proof = {"current_password": "open"}
    client.post(f"{AUTHENTICATOR}/{number}/remove", proof)
    assert "Set up an authenticator" in client.get(SECURITY).text


def test_where_it_is_demanded_every_page_leads_to_the_set_up(browser, acme):
    with use(acme):
        TenantBranding.objects.update(require_mfa=True)
    for page in ("/", "/workflow/mywork/", "/leave/", "/admin/", DEVICES):
        assert browser.get(page)["Location"] == SECURITY, page
    shown = browser.get(SECURITY)
    assert "This workspace asks everybody for a second factor." in shown.text
    assert browser.post(AUTHENTICATOR, {"begin": "1"})["Location"] == AUTHENTICATOR
    assert browser.get("/branding.css").status_code == 200
    assert browser.post("/accounts/sign-out")["Location"] == SIGN_IN


# The password


def change(client, current="open", password=GOOD_PASSWORD, again=None):
    form = {"current_password": current, "password": password}
    return client.post(SECURITY, {**form, "password_verify": again or password})


def test_a_password_is_changed_with_the_current_one(browser, browser_of, acme):
    other = browser_of("bob")
    assert change(browser)["Location"] == SECURITY
    assert "Your other devices are signed out." in browser.get(SECURITY).text
    assert not is_signed_in(other)
    with use(acme):
        assert MailMessage.objects.filter(template="accounts/password_changed").exists()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"current": "no"}, "This is not your current password."),
        ({"password": "short"}, "at least 15 characters"),
        ({"again": "another password"}, "Passwords do not match."),
        ({"current": ""}, "This field is required."),
    ],
    ids=str,
)
def test_a_refused_change_says_why_at_its_field(browser, acme, wrong, text):
    answer = change(browser, **wrong)
    assert (answer.status_code, text in answer.text) == (422, True)
    assert is_signed_in(browser)
    with use(acme):
        assert not SecurityEvent.objects.filter(name="password.changed").exists()


def test_a07_password_managers_find_their_way(browser, visitor, db):
    pages = {
        SIGN_IN: {"username", "current-password"},
        "/accounts/forgot": {"email"},
        "/accounts/set-password": {"new-password"},
        "/accounts/register": {"email", "new-password", "given-name", "family-name"},
    }
    for path, words in pages.items():
        text = visitor().get(path).text
        assert all(f'autocomplete="{word}"' in text for word in words), path
        assert "onpaste" not in text
    later(minutes=10, seconds=1)
    text = browser.get(SECURITY).text
    for word in ("current-password", "new-password", "username"):
        assert f'autocomplete="{word}"' in text
    assert text.count("data-password-show=") == text.count('type="password"') == 4


# Devices


@pytest.fixture
def phone(visitor):
    client = visitor()
    client.post(SIGN_IN, BOB, headers={"user-agent": PHONE})
    return client


def test_the_devices_are_listed_with_the_own_one_first(browser, phone):
    page = phone.get(DEVICES).text
    assert page.index("Safari on iPhone") < page.index("This device")
    assert "Unknown device" in page


def test_a_sign_in_by_a_page_is_a_device(browser, acme, bob):
    with use(acme):
        device = RefreshSession.objects.get(user=bob)
    assert (device.kind, device.revoked_at) == ("page", None)


def test_one_device_is_signed_out_at_once(browser, phone, acme, bob):
    with use(acme):
        number = RefreshSession.objects.get(client_label="Safari on iPhone").pk
    answer = browser.post(DEVICES, {"end": str(number)})
    assert answer["Location"] == DEVICES
    assert not is_signed_in(phone)
    assert is_signed_in(browser)


def test_the_others_are_signed_out(browser, phone, token, visitor):
    bearer = {"authorization": f"Bearer {token('bob')}"}
    browser.post(DEVICES, {"others": "1"})
    assert not is_signed_in(phone)
    assert visitor().get("/api/protected/me", headers=bearer).status_code == 401
    assert is_signed_in(browser)


def test_everything_is_signed_out_here_too(browser, phone, acme):
    answer = browser.post(DEVICES, {"everywhere": "1"})
    assert answer["Location"] == SIGN_IN
    assert not is_signed_in(browser)
    assert not is_signed_in(phone)
    with use(acme):
        assert SecurityEvent.objects.filter(name="session.all_ended").count() == 1


@pytest.mark.parametrize("number", ["", "nonsense", "0" * 32])
def test_a_device_that_is_not_ones_own_is_a_404(browser, number):
    assert browser.post(DEVICES, {"end": number}).status_code == 404


def test_somebody_elses_device_is_a_404(browser, browser_of, acme, carol):
    other = browser_of("carol")
    with use(acme):
        number = RefreshSession.objects.get(user=carol).pk
    assert browser.post(DEVICES, {"end": str(number)}).status_code == 404
    assert is_signed_in(other)


def test_a_sign_in_on_a_strange_device_is_told_by_mail(browser, phone, acme):
    with use(acme):
        mail = MailMessage.objects.get(template="accounts/new_device")
        assert mail.to == ["bob@acme.test"]
        assert mail.context["device"] == "Safari on iPhone"


def test_a_first_sign_in_and_a_known_device_are_not_told(browser, acme):
    browser.post("/accounts/sign-out")
    browser.post(SIGN_IN, BOB)
    assert is_signed_in(browser)
    with use(acme):
        assert not MailMessage.objects.filter(template="accounts/new_device").exists()


def test_a23_the_key_changes_where_the_same_person_signs_in_again(
    visitor, post, bob, acme
):
    holder = enrolled(bob, acme)
    client = visitor()
    client.post(SIGN_IN, BOB)
    client.post(SECOND, {"code": holder.code()})
    assert is_signed_in(client)
    before = client.cookies["sessionid"].value
    later(seconds=30)
    ticket = post("/api/auth/web/sign-in", BOB).json()["mfa_ticket"]
    client.cookies["mfa_ticket"] = ticket
    assert client.post(SECOND, {"code": holder.code()}).status_code == 302
    assert client.cookies["sessionid"].value != before
    assert is_signed_in(client)
    with use(acme):
        assert RefreshSession.objects.filter(revoked_at__isnull=True).count() == 1
