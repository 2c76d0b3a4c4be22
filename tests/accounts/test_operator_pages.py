"""What operators have of their own on the public host, and that it opens no tenant."""

import re
from datetime import timedelta

import pyotp
import pytest

from accounts import checks, conf, demands, factors, operators, passwords
from accounts.mail import devbox, outbox
from accounts.models import MfaDevice, RefreshSession, SecurityEvent, User
from kernel import clock
from tenants.context import use, use_control
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD, code_in

PUBLIC = "localhost"
SIGN_IN, SECOND = "/accounts/sign-in", "/accounts/sign-in/second-factor"
SECURITY, DEVICES = "/accounts/security", "/accounts/devices"
AUTHENTICATOR = f"{SECURITY}/authenticator"
ADDRESS = "operator@tenantry.test"
NAMED = {"username": "operator", "password": GOOD_PASSWORD}
#: What belongs to tenants: people, programs, colours, and ways to become somebody.
OF_TENANTS = (
    *("register", "verify", "set-password", "invitation", "invitations"),
    *("invitations/new", "profile", "people", "people/new", "tokens", "tokens/new"),
    *("branding", "branding/preview", "mail", "events"),
)

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def operator(db) -> User:
    with use_control():
        return operators.create(
            username="operator", email=ADDRESS, password=GOOD_PASSWORD
        )


@pytest.fixture
def signed_in(visitor, operator):
    def sign_in():
        client = visitor(PUBLIC)
        assert client.post(SIGN_IN, NAMED)["Location"] == "/admin/"
        return client

    return sign_in


@pytest.fixture
def browser(signed_in):
    return signed_in()


@pytest.fixture
def demanding(settings) -> None:
    settings.ACCOUNTS = {**settings.ACCOUNTS, "OPERATORS_REQUIRE_MFA": True}


def letters():
    with use_control():
        outbox.run_due(100)
        return list(devbox.letters())


def code_now(user: User) -> str:
    """Return what the operator's app shows, as of the next half minute."""
    clock.advance(timedelta(seconds=30))
    with use_control():
        found = factors.waiting(user)
        secret = found.secret if found else ""
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()))


def set_up(client, user: User) -> str:
    """Let the operator set an authenticator up; return the page of the saved codes."""
    assert client.post(AUTHENTICATOR, {"begin": "1"})["Location"] == AUTHENTICATOR
    assert "<svg " in client.get(AUTHENTICATOR).text
    saved = client.post(AUTHENTICATOR, {"code": code_now(user)})
    assert saved.status_code == 200
    return saved.text


# What is there


def test_an_operator_finds_security_and_devices_and_nothing_else(browser):
    assert browser.get("/accounts/")["Location"] == SECURITY
    page = browser.get(SECURITY)
    sections = re.search(r'<nav class="segmented".*?</nav>', page.text, re.DOTALL)[0]
    assert re.findall(r'href="([^"]+)"', sections) == [SECURITY, DEVICES]
    assert "Operator console" in page.text
    assert browser.get(DEVICES).status_code == 200


def test_the_console_leads_to_the_own_account_and_back(browser):
    assert browser.get("/admin/").text.count('href="/accounts/"') == 2
    assert 'href="/admin/"' in browser.get(SECURITY).text


@pytest.mark.parametrize("path", OF_TENANTS)
def test_what_belongs_to_tenants_is_not_found_on_the_public_host(browser, path):
    assert browser.get(f"/accounts/{path}").status_code == 404
    assert browser.post(f"/accounts/{path}", {"x": "1"}).status_code == 404


def test_a_stranger_is_led_to_the_sign_in(visitor, db):
    for path in (SECURITY, DEVICES, AUTHENTICATOR, "/accounts/"):
        answer = visitor(PUBLIC).get(path)
        assert answer["Location"].startswith(f"{SIGN_IN}?next=")


# What can be done


def test_an_operator_sets_a_second_factor_up_and_is_asked_for_it(
    browser, operator, visitor
):
    saved = set_up(browser, operator)
    codes = re.findall(r"<li><code>(.*?)</code>", saved)
    assert len(codes) == 10
    client = visitor(PUBLIC)
    asked = client.post(SIGN_IN, NAMED)
    assert asked["Location"] == f"{SECOND}?next=%2Fadmin%2F"
    assert client.get("/admin/").status_code == 302
    entered = client.post(f"{SECOND}?recovery=1", {"code": codes[0]})
    assert entered["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert "9 of 10 codes are left." in client.get(SECURITY).text


def test_an_operator_changes_the_password_and_the_other_devices_end(
    browser, signed_in, visitor
):
    other = signed_in()
    changed = browser.post(
        SECURITY,
        {
            "current_password": GOOD_PASSWORD,
            "password": OTHER_PASSWORD,
            "password_verify": OTHER_PASSWORD,
        },
    )
    assert changed["Location"] == SECURITY
    assert browser.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302
    assert visitor(PUBLIC).post(SIGN_IN, NAMED).status_code == 422
    with use_control():
        assert SecurityEvent.objects.filter(name="password.changed").count() == 1


def test_an_operator_signs_the_others_out(browser, signed_in):
    other = signed_in()
    assert browser.get(DEVICES).text.count('name="end"') == 1
    assert browser.post(DEVICES, {"others": "1"})["Location"] == DEVICES
    assert browser.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302


def test_an_operator_finds_a_new_password_by_a_code(visitor, operator):
    client = visitor(PUBLIC)
    assert 'href="/accounts/forgot"' in client.get(SIGN_IN).text
    asked = client.post("/accounts/forgot", {"email": ADDRESS})
    assert asked["Location"] == "/accounts/reset-code"
    code = code_in(letters()[0])
    earned = client.post("/accounts/reset-code", {"code": code})
    assert earned["Location"] == "/accounts/new-password"
    both = {"password": OTHER_PASSWORD, "password_verify": OTHER_PASSWORD}
    assert client.post("/accounts/new-password", both)["Location"] == SIGN_IN
    new = {**NAMED, "password": OTHER_PASSWORD}
    assert client.post(SIGN_IN, new)["Location"] == "/admin/"


def test_a_new_password_by_a_code_still_needs_the_second_factor(
    browser, visitor, operator
):
    set_up(browser, operator)
    client = visitor(PUBLIC)
    client.post("/accounts/forgot", {"email": ADDRESS})
    client.post("/accounts/reset-code", {"code": code_in(letters()[0])})
    both = {"password": OTHER_PASSWORD, "password_verify": OTHER_PASSWORD}
    assert client.post("/accounts/new-password", both)["Location"] == SIGN_IN
    asked = client.post(SIGN_IN, {**NAMED, "password": OTHER_PASSWORD})
    assert asked["Location"].startswith(SECOND)


def test_each_link_of_a_notice_to_an_operator_opens(browser, operator, visitor):
    set_up(browser, operator)
    text = letters()[0].text
    paths = re.findall(r"http://localhost(?::\d+)?(/\S+)", text)
    assert paths == ["/accounts/forgot"]
    assert visitor(PUBLIC).get(paths[0]).status_code == 200


def test_an_operator_who_must_change_the_password_is_led_there(visitor, operator):
    with use_control():
        User.objects.filter(pk=operator.pk).update(force_password_reset=True)
    client = visitor(PUBLIC)
    assert client.post(SIGN_IN, NAMED)["Location"] == "/accounts/new-password"
    assert client.get("/accounts/new-password").status_code == 200


# What the platform demands


@pytest.mark.usefixtures("demanding")
def test_where_a_factor_is_demanded_the_console_opens_when_it_is_set_up(
    signed_in, operator
):
    browser = signed_in()
    for path in ("/admin/", "/admin/tenants/tenant/", DEVICES, "/"):
        assert browser.get(path)["Location"] == SECURITY, path
    assert "Operators need a second factor." in browser.get(SECURITY).text
    set_up(browser, operator)
    assert browser.get("/admin/").status_code == 200


@pytest.mark.usefixtures("demanding")
def test_a_demand_counts_at_once_for_operators_who_are_in(browser):
    assert browser.get("/admin/")["Location"] == SECURITY


@pytest.mark.usefixtures("demanding")
def test_a24_an_operators_device_lasts_as_long_as_one_with_a_factor(db):
    with use_control():
        found = demands.current()
    assert found == demands.Demands(
        second_factor=True, idle=timedelta(hours=1), longest=timedelta(hours=24)
    )


@pytest.mark.usefixtures("demanding")
def test_what_is_demanded_of_operators_is_not_of_a_tenants_people(acme, browser_of):
    with use(acme):
        assert not demands.current().second_factor
    assert browser_of("bob").get("/leave/").status_code == 200


@pytest.mark.usefixtures("demanding")
def test_a01_an_operators_password_is_long_also_beside_a_factor(db):
    with use_control():
        assert passwords.shortest() == passwords.SHORTEST


@pytest.mark.parametrize(("value", "found"), [(True, []), (False, ["accounts.W005"])])
def test_a_deployment_is_warned_when_operators_need_no_factor(settings, value, found):
    settings.ACCOUNTS = {"OPERATORS_REQUIRE_MFA": value}
    warned = checks.operators_need_a_factor(None)
    assert [message.id for message in warned] == found


def test_a_word_that_is_no_switch_stops_the_start(settings):
    settings.ACCOUNTS = {"OPERATORS_REQUIRE_MFA": "perhaps"}
    assert [one.id for one in checks.settings_are_valid(None)] == ["accounts.E001"]
    assert checks.operators_need_a_factor(None) == []


def test_nothing_is_demanded_where_nothing_is_said(settings):
    settings.ACCOUNTS = {}
    assert conf.operators_require_factor() is False


# Between the planes


def test_a32_a_tenants_person_cannot_enter_the_operators_pages(
    visitor, browser_of, operator
):
    for cookies in (browser_of("admin").cookies, browser_of("bob").cookies):
        client = visitor(PUBLIC)
        client.cookies = cookies
        for path in (SECURITY, DEVICES, AUTHENTICATOR):
            assert client.get(path)["Location"].startswith(f"{SIGN_IN}?next=")
        client.post(AUTHENTICATOR, {"begin": "1"})
    with use_control():
        assert not MfaDevice.objects.exists()
        assert not RefreshSession.objects.exists()


def test_a32_an_operators_session_opens_nothing_in_a_tenant(visitor, browser, acme):
    client = visitor()
    client.cookies = browser.cookies
    for path in (SECURITY, DEVICES, "/accounts/people", "/admin/", "/leave/"):
        led = client.get(path, follow=True).redirect_chain[-1][0]
        assert led.startswith(f"{SIGN_IN}?next="), path
    with use(acme):
        assert not RefreshSession.objects.exists()


def test_a32_a_code_for_an_operator_is_none_in_a_tenant(visitor, operator, acme):
    """The same address has an account on both sides, and each its own codes."""
    with use(acme):
        User.objects.filter(username="bob").update(email=ADDRESS, email_norm=ADDRESS)
    public, tenant = visitor(PUBLIC), visitor()
    public.post("/accounts/forgot", {"email": ADDRESS})
    tenant.post("/accounts/forgot", {"email": ADDRESS})
    code = code_in(letters()[0])
    assert tenant.post("/accounts/reset-code", {"code": code}).status_code == 422
    carried = visitor()
    carried.cookies = public.cookies
    assert carried.post("/accounts/reset-code", {"code": code})["Location"] == (
        "/accounts/forgot"
    )


def test_two_operators_do_not_meet_each_others_devices_and_factors(
    browser, visitor, operator
):
    set_up(browser, operator)
    with use_control():
        operators.create(
            username="deputy", email="deputy@tenantry.test", password=OTHER_PASSWORD
        )
        factor = MfaDevice.objects.get().pk
        device = RefreshSession.objects.filter(user=operator).first().pk
    other = visitor(PUBLIC)
    other.post(SIGN_IN, {"username": "deputy", "password": OTHER_PASSWORD})
    assert other.post(f"{AUTHENTICATOR}/{factor}/remove").status_code == 404
    assert other.post(DEVICES, {"end": str(device)}).status_code == 404
    assert browser.get("/admin/").status_code == 200
