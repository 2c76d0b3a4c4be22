"""What ends a person's API tokens beside their revocation, and what leaves them."""

import re
from functools import partial

import pytest

from accounts import (
    api_tokens,
    factors,
    lifecycle,
    recovery,
    refresh_tokens,
    service_accounts,
    sign_out,
    totp,
)
from accounts.api_tokens import Door
from accounts.challenges import issue_reset_ticket
from accounts.errors import PasswordRefused, ReauthenticationRequired, TokenEnded
from accounts.models import ApiToken, MfaDevice, SecurityEvent, User
from accounts.refresh_tokens import Device
from kernel import clock
from kernel.errors import Forbidden, NotFound
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD

OTHERS = "/api/accounts/sessions/revoke-others"
DEVICES, PEOPLE = "/accounts/devices", "/accounts/people"
ME = "/api/protected/me"


@pytest.fixture
def make(acme):
    """Return a maker of tokens: `make(bob, "Wall")` returns the text."""

    def made(owner, name="Wall"):
        with use(acme):
            return api_tokens.create(
                owner=owner, name=name, scopes_named=["profile:read"]
            ).text

    return made


@pytest.fixture
def opens(visitor):
    def asked(text):
        return visitor(authorization=f"Bearer {text}").get(ME).status_code == 200

    return asked


def told(acme, *beginnings):
    with use(acme):
        found = SecurityEvent.objects.order_by("pk")
        return [
            (one.name, one.via, one.details.get("name") or one.details.get("tokens"))
            for one in found
            if one.name.startswith(beginnings)
        ]


# Signing out


def test_signing_the_others_out_leaves_api_tokens_alone(api, post, make, opens, acme):
    bob = user(acme, "bob")
    text = make(bob)
    for body in ({}, {"apiTokens": False}):
        assert post(OTHERS, body, client=api("bob")).status_code == 204
    assert opens(text)
    assert told(acme, "session.") == [("session.others_ended", "token", None)] * 2


def user(acme, name):
    with use(acme):
        return User.objects.get(username=name)


def test_a26_the_own_api_tokens_end_with_the_other_devices_where_wanted(
    api, post, make, opens, acme
):
    own, another, neighbour = (
        make(user(acme, name), number)
        for name, number in (("bob", "Wall"), ("bob", "Phone"), ("alice", "Wall"))
    )
    answer = post(OTHERS, {"apiTokens": True}, client=api("bob"))
    assert answer.status_code == 204
    assert [opens(one) for one in (own, another, neighbour)] == [False, False, True]
    assert told(acme, "session.", "api_token.revoked") == [
        ("api_token.revoked", "token", "Wall"),
        ("api_token.revoked", "token", "Phone"),
        ("session.others_ended", "token", 2),
    ]


@pytest.mark.parametrize("sent", ["yes", 1, None, "", []], ids=repr)
def test_only_a_boolean_ends_api_tokens(api, make, opens, bob, sent):
    text, body = make(bob), {"apiTokens": sent}
    answer = api("bob").post(OTHERS, body, content_type="application/json")
    assert answer.status_code == 422
    assert opens(text)


def test_no_body_is_needed(api):
    answer = api("bob").generic("POST", OTHERS)
    assert answer.status_code == 204


def test_the_devices_offer_to_end_the_tokens_that_work(browser_of, acme, make, bob):
    client = browser_of("bob")
    assert 'name="tokens"' not in client.get(DEVICES).text
    for name in ("Wall", "Phone", "Old"):
        make(bob, name)
    with use(acme):
        api_tokens.revoke(ApiToken.objects.get(name="Old"))
    page = client.get(DEVICES).text
    assert page.count("Also end my API tokens (2)") == 2
    ticked = re.findall(r'<input id="([\w-]+)-tokens"[^>]* checked>', page)
    assert ticked == ["end-everywhere"]


@pytest.mark.parametrize("sent", ["others", "others tokens", "everywhere tokens"])
def test_a26_the_page_ends_api_tokens_where_it_is_ticked(
    browser_of, make, opens, bob, sent
):
    text = make(bob)
    browser_of("bob").post(DEVICES, dict.fromkeys(sent.split(), "1"))
    assert opens(text) is ("tokens" not in sent)


def test_the_page_says_how_many_ended(browser_of, make, bob):
    make(bob)
    sent = {"others": "1", "tokens": "1"}
    page = browser_of("bob").post(DEVICES, sent, follow=True)
    assert "signed out, and 1 API token ended." in page.text


ENDS = {
    "others": lambda user, own, other: sign_out.others(user, keep=other.pk),
    "everywhere": lambda user, own, other: sign_out.everywhere(user, ends_tokens=True),
    "one": lambda user, own, other: sign_out.one(user, str(own.pk)),
    "deactivated": lambda user, own, other: lifecycle.deactivate(user),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("kind", ["own", "service", "rotated"])
def test_a26_no_token_is_made_by_a_request_that_its_sign_out_overtook(
    in_acme, admin, end, kind
):
    """Between the look at the device and the new row lies a slow look at a password."""
    own, other = (
        refresh_tokens.begin(admin, Device("web")).session for _number in range(2)
    )
    door = Door(via="token", device=own.pk)
    owner = admin
    if kind == "service":
        owner = service_accounts.create(name="Payroll")
    scopes = {"scopes_named": ["profile:read"]}
    token = api_tokens.create(owner=owner, name="Old", **scopes).token
    # The request holds what it has read before.
    stale = User.objects.get(pk=admin.pk)
    end(User.objects.get(pk=admin.pk), own, other)
    late = partial(api_tokens.create, owner=owner, name="New", **scopes)
    if kind == "rotated":
        late = partial(api_tokens.rotate, token)
    with pytest.raises((ReauthenticationRequired, TokenEnded)):
        late(by=stale, door=door)
    assert ApiToken.objects.count() == 1


def code_of(enrolment):
    return totp.code_of(enrolment.secret, totp.step_at(clock.now()))


CHANGES = {
    "confirm": lambda user, found, keep: factors.confirm(
        user, found.device.pk, code_of(found), keep=keep
    ),
    "remove": lambda user, found, keep: factors.remove(
        user, found.device.pk, keep=keep
    ),
    "codes": lambda user, _found, keep: factors.renew_recovery_codes(user, keep=keep),
    "password": lambda user, _found, keep: recovery.change_own(
        user,
        email=user.email,
        password=GOOD_PASSWORD,
        password_verify=GOOD_PASSWORD,
        current_password=twins.PASSWORD,
        keep=keep,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a26_a_request_that_its_sign_out_overtook_changes_no_factor_or_password(
    in_acme, admin, end, change
):
    found = factors.enrol(admin)
    if change != "confirm":
        factors.confirm(admin, found.device.pk, code_of(found))
    before = MfaDevice.objects.get().confirmed_at
    admin.refresh_from_db()
    own, other = (
        refresh_tokens.begin(admin, Device("web")).session for _number in range(2)
    )
    stale = User.objects.get(pk=admin.pk)
    end(User.objects.get(pk=admin.pk), own, other)
    with pytest.raises(ReauthenticationRequired):
        CHANGES[change](stale, found, own.pk)
    assert MfaDevice.objects.get().confirmed_at == before
    assert User.objects.get(pk=admin.pk).check_password(twins.PASSWORD)


def test_a26_no_token_is_made_with_a_right_that_was_taken_meanwhile(in_acme, admin):
    own = refresh_tokens.begin(admin, Device("web")).session
    stale = User.objects.get(pk=admin.pk)
    account = service_accounts.create(name="Payroll")
    User.objects.filter(pk=admin.pk).update(role="member")
    with pytest.raises(Forbidden):
        api_tokens.create(
            owner=account,
            name="Late",
            scopes_named=["profile:read"],
            by=stale,
            door=Door(via="token", device=own.pk),
        )


def test_a_service_accounts_tokens_outlive_its_maker_s_sign_out(
    acme, admin, make, opens
):
    with use(acme):
        robot = service_accounts.create(name="Payroll", by=admin)
    text = make(robot, "Payroll")
    with use(acme):
        assert sign_out.everywhere(admin, ends_tokens=True) == 0
    assert opens(text)


@pytest.mark.parametrize("number", ["", "x", "0" * 32, "\x00"], ids=repr)
def test_a_device_that_is_none_is_not_found(in_acme, bob, number):
    with pytest.raises(NotFound):
        sign_out.one(bob, number)


# New passwords


def reset(bob, password=GOOD_PASSWORD):
    recovery.change_with_ticket(
        ticket=issue_reset_ticket(bob), password=password, password_verify=password
    )


def test_a26_a_reset_password_ends_the_api_tokens(acme, bob, make, opens):
    text = make(bob)
    with use(acme):
        reset(bob)
    assert not opens(text)
    assert told(acme, "api_token.revoked") == [("api_token.revoked", "system", "Wall")]


def test_a_refused_reset_ends_nothing(acme, bob, make, opens):
    text = make(bob)
    with use(acme), pytest.raises(PasswordRefused):
        reset(bob, password="short")
    assert opens(text)


def test_a_changed_password_leaves_the_api_tokens(api, post, bob, make, opens):
    text = make(bob)
    body = {
        "email": bob.email,
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
        "currentPassword": "open",
    }
    changed = post("/api/accounts/change-password", body, client=api("bob"))
    assert changed.status_code == 200
    assert opens(text)


# The end of an account


def test_a26_the_end_of_an_account_is_an_event_of_each_token(acme, admin, bob, make):
    make(bob)
    make(bob, "Phone")
    with use(acme):
        lifecycle.deactivate(bob, by=admin, via="session")
    assert told(acme, "api_token.revoked", "user.deact") == [
        ("api_token.revoked", "session", "Wall"),
        ("api_token.revoked", "session", "Phone"),
        ("user.deactivated", "session", None),
    ]
    with use(acme):
        actors = SecurityEvent.objects.filter(name="api_token.revoked")
        assert set(actors.values_list("actor", flat=True)) == {admin.pk}


def test_a26_a_deleted_account_leaves_no_token_and_tells_of_each(
    acme, admin, bob, make, opens
):
    text = make(bob)
    with use(acme):
        lifecycle.anonymise(bob, by=admin, via="token")
        assert not ApiToken.objects.exists()
    assert not opens(text)
    assert told(acme, "api_token.revoked") == [("api_token.revoked", "token", "Wall")]


def test_a_person_who_is_let_in_again_has_no_token(browser_of, bob, make, opens):
    text = make(bob)
    client = browser_of("admin")
    for action in ("deactivate", "reactivate"):
        client.post(f"{PEOPLE}/{bob.pk}", {"action": action})
    assert not opens(text)
