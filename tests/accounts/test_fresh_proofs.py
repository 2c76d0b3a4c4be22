"""What hands an account over asks again who is there: by pages and by the API."""

import re
from datetime import timedelta

import pytest

from accounts import api_tokens, invitations, lifecycle, service_accounts
from accounts.models import (
    ApiToken,
    Invitation,
    MfaDevice,
    SecurityEvent,
    TenantBranding,
    User,
)
from kernel import clock
from tenants.context import use
from tests import twins

TOKENS, USER = "/api/accounts/tokens", "/api/accounts/user"
PAGES, PEOPLE = "/accounts/tokens", "/accounts/people"
INVITATIONS = "/accounts/invitations"
BRANDING = "/api/accounts/branding"
JSON = "application/json"
WALL = {"name": "Wall", "scopes": ["profile:read"]}
NEW = {"email": "new@example.com", "firstName": "New", "lastName": "Comer"}
MANAGER = [{"name": "User Manager", "enabled": True}]
FIELD = 'name="current_password"'
NEEDED, WRONG = "Type your password", "This is not your password."

pytestmark = pytest.mark.usefixtures("frozen_clock")


def eleven_minutes_later(client):
    clock.advance(timedelta(minutes=10, seconds=1))
    return client


def refused(answer):
    return (answer.status_code, answer.json()["code"]) == (
        403,
        "reauthentication_required",
    )


@pytest.fixture
def wall(acme, bob):
    with use(acme):
        return api_tokens.create(owner=bob, **renamed(WALL)).token


def renamed(body):
    return {"name": body["name"], "scopes_named": body["scopes"]}


def tokens_of(acme):
    with use(acme):
        return list(ApiToken.objects.order_by("pk").values_list("name", flat=True))


# API tokens


def test_a20_a_token_is_made_after_a_fresh_proof_only(api, post, acme):
    client = eleven_minutes_later(api("bob"))
    for password in (None, "", "wrong"):
        assert refused(
            post(TOKENS, {**WALL, "currentPassword": password}, client=client)
        )
    assert tokens_of(acme) == []
    sent = {**WALL, "currentPassword": twins.PASSWORD}
    assert post(TOKENS, sent, client=client).status_code == 201
    # The proof holds for ten minutes of its own.
    assert post(TOKENS, WALL, client=client).status_code == 201


def test_a20_a_token_is_rotated_after_a_fresh_proof_only(api, post, acme, wall):
    client = eleven_minutes_later(api("bob"))
    path = f"{TOKENS}/{wall.pk}/rotate"
    assert refused(post(path, {}, client=client))
    assert refused(post(path, {"currentPassword": "wrong"}, client=client))
    assert tokens_of(acme) == ["Wall"]
    sent = {"overlapHours": 0, "currentPassword": twins.PASSWORD}
    assert post(path, sent, client=client).status_code == 201


def test_a20_a_service_accounts_token_is_made_after_a_fresh_proof_only(
    api, post, acme, admin
):
    with use(acme):
        robot = service_accounts.create(name="Payroll", by=admin)
    client = eleven_minutes_later(api("admin"))
    body = {**WALL, "serviceAccount": robot.pk}
    assert refused(post(TOKENS, body, client=client))
    sent = {**body, "currentPassword": twins.PASSWORD}
    made = post(TOKENS, sent, client=client)
    path = f"{TOKENS}/{made.json()['details']['id']}/rotate"
    assert refused(post(path, {}, client=eleven_minutes_later(api("admin"))))


def test_nobody_learns_of_others_tokens_by_a_missing_proof(api, wall, post):
    client = eleven_minutes_later(api("alice"))
    known, unknown = (
        post(f"{TOKENS}/{number}/rotate", {}, client=client)
        for number in (wall.pk, wall.pk + 1000)
    )
    assert known.status_code == unknown.status_code == 404


def test_a_token_is_revoked_without_a_proof(api, wall):
    client = eleven_minutes_later(api("bob"))
    assert client.delete(f"{TOKENS}/{wall.pk}").status_code == 204


def test_a20_the_page_of_a_new_token_asks_for_the_password_and_keeps_the_rest(
    browser_of, acme
):
    client = browser_of("bob")
    assert FIELD not in client.get(f"{PAGES}/new").text
    eleven_minutes_later(client)
    assert FIELD in client.get(f"{PAGES}/new").text
    form = {**WALL, "days": "30"}
    asked = client.post(f"{PAGES}/new", form)
    assert (asked.status_code, NEEDED in asked.text) == (422, True)
    assert 'value="Wall"' in asked.text
    wrong = client.post(f"{PAGES}/new", {**form, "current_password": "wrong"})
    assert (wrong.status_code, WRONG in wrong.text) == (422, True)
    assert tokens_of(acme) == []
    client.post(f"{PAGES}/new", {**form, "current_password": twins.PASSWORD})
    assert tokens_of(acme) == ["Wall"]


def test_a20_the_page_of_a_rotation_asks_for_the_password(browser_of, acme, wall):
    client = eleven_minutes_later(browser_of("bob"))
    path = f"{PAGES}/{wall.pk}/rotate"
    assert FIELD in client.get(path).text
    asked = client.post(path, {"hours": "1"})
    assert (asked.status_code, NEEDED in asked.text) == (422, True)
    assert re.search(r'<option value="1"\s+selected', asked.text)
    assert tokens_of(acme) == ["Wall"]
    client.post(path, {"hours": "1", "current_password": twins.PASSWORD})
    assert tokens_of(acme) == ["Wall", "Wall"]


def test_a_password_is_not_guessed_by_making_tokens(api, post, acme):
    client = eleven_minutes_later(api("bob"))
    sent = {**WALL, "currentPassword": "wrong"}
    answers = [post(TOKENS, sent, client=client).status_code for _ in range(11)]
    assert answers == [403] * 10 + [429]
    with use(acme):
        told = SecurityEvent.objects.filter(name="reauthentication_failed")
        assert told.count() == 10


# Other people, by the API


@pytest.mark.parametrize(
    "change",
    [{"email": "robert@example.com"}, {"groups": MANAGER}],
    ids=["address", "role"],
)
def test_a20_a_members_address_and_role_are_changed_after_a_fresh_proof_only(
    api, acme, bob, change
):
    client = eleven_minutes_later(api("admin"))
    body = {"id": bob.pk, **change}
    assert refused(client.patch(USER, body, content_type=JSON))
    with use(acme):
        assert User.objects.get(pk=bob.pk).role == "member"
        assert not SecurityEvent.objects.filter(name="email.change_requested").exists()
    sent = {**body, "currentPassword": twins.PASSWORD}
    assert client.patch(USER, sent, content_type=JSON).status_code == 200


def test_names_activity_and_an_unchanged_address_need_no_proof(api, bob):
    client = eleven_minutes_later(api("admin"))
    for change in (
        {"firstName": "Robert", "email": "BOB@acme.test"},
        {"isActive": False},
        {"isActive": True},
    ):
        answer = client.patch(USER, {"id": bob.pk, **change}, content_type=JSON)
        assert answer.status_code == 200, change


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("admin-register", {**NEW, "groups": MANAGER}),
        ("invitations", {"email": NEW["email"], "role": "admin"}),
    ],
)
def test_a20_nobody_is_let_in_with_a_role_without_a_fresh_proof(
    api, post, acme, path, body
):
    client = eleven_minutes_later(api("admin"))
    assert refused(post(f"/api/accounts/{path}", body, client=client))
    with use(acme):
        assert not User.objects.filter(email_norm=NEW["email"]).exists()
        assert not Invitation.objects.exists()
    sent = {**body, "currentPassword": twins.PASSWORD}
    assert post(f"/api/accounts/{path}", sent, client=client).status_code == 201


@pytest.fixture
def invited(acme, admin):
    """Return an administrator's invitation whose inviter lost the right to it."""
    with use(acme):
        made = invitations.invite(email=NEW["email"], role="admin", by=admin)
        Invitation.objects.update(invited_by=User.objects.get(username="alice"))
    return made


def inviter(acme):
    with use(acme):
        return Invitation.objects.get().invited_by.username


def test_a20_an_invitation_with_a_role_is_sent_again_after_a_fresh_proof_only(
    api, post, acme, invited
):
    client = eleven_minutes_later(api("admin"))
    path = f"/api/accounts/invitations/{invited.pk}/resend"
    assert refused(client.post(path, content_type=JSON))
    assert refused(post(path, {"currentPassword": "wrong"}, client=client))
    assert inviter(acme) == "alice"
    proof = {"currentPassword": twins.PASSWORD}
    assert post(path, proof, client=client).status_code == 200
    assert inviter(acme) == "admin"


def test_a20_the_page_sends_an_invitation_with_a_role_after_a_fresh_proof_only(
    browser_of, acme, invited
):
    client = eleven_minutes_later(browser_of("admin"))
    dialog = client.get(INVITATIONS).text.partition(f'id="resend-{invited.pk}"')[2]
    assert 'name="current_password"' in dialog.partition("</dialog>")[0]
    for wrong in ({}, {"current_password": "wrong"}):
        client.post(INVITATIONS, {"resend": invited.pk, **wrong})
        assert inviter(acme) == "alice"
    right = {"resend": invited.pk, "current_password": twins.PASSWORD}
    assert client.post(INVITATIONS, right)["Location"] == INVITATIONS
    assert inviter(acme) == "admin"


@pytest.mark.parametrize("name", ["Payroll", "admin"], ids=["service", "personal"])
def test_a_program_changes_names_and_never_an_address(visitor, acme, admin, bob, name):
    with use(acme):
        owner = admin
        if name == "Payroll":
            owner = service_accounts.create(
                name=name, permissions=["users.manage"], by=admin
            )
        made = api_tokens.create(owner=owner, name="HR", scopes_named=["users:write"])
        User.objects.filter(pk=bob.pk).update(email_verified_at=None)
    client = visitor(authorization=f"Bearer {made.text}")
    body = {"id": bob.pk, "firstName": "Robert"}
    moved = client.patch(
        USER, {**body, "email": "thief@example.com"}, content_type=JSON
    )
    assert (moved.status_code, moved.json()["code"]) == (403, "person_required")
    with use(acme):
        assert User.objects.get(pk=bob.pk).first_name == bob.first_name
    kept = client.patch(USER, {**body, "email": bob.email}, content_type=JSON)
    assert kept.status_code == 200
    with use(acme):
        found = User.objects.get(pk=bob.pk)
        assert (found.first_name, found.email) == ("Robert", bob.email)


# Other people, by the pages


def act(client, user, action, **more):
    return client.post(f"{PEOPLE}/{user.pk}", {"action": action, **more}, follow=True)


@pytest.fixture
def holder(acme, bob):
    with use(acme):
        MfaDevice.objects.create(user=bob, secret=b"x", confirmed_at=clock.now())
    return bob


def state_of(acme, user):
    with use(acme):
        found = User.objects.get(pk=user.pk)
        has_factor = MfaDevice.objects.filter(user=user).exists()
        return (found.role, has_factor, found.anonymised_at is None)


@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({"action": "factor"}, ("member", False, True)),
        ({"action": "rights", "role": "admin"}, ("admin", True, True)),
        ({"action": "delete"}, ("member", False, False)),
    ],
    ids=["factor", "rights", "delete"],
)
def test_a20_the_page_of_a_member_asks_before_what_cannot_be_taken_back(
    browser_of, acme, holder, sent, changed
):
    client = eleven_minutes_later(browser_of("admin"))
    before = state_of(acme, holder)
    assert NEEDED in act(client, holder, **sent).text
    wrong = act(client, holder, **sent, current_password="wrong")
    assert WRONG in wrong.text
    assert state_of(acme, holder) == before
    act(client, holder, **sent, current_password=twins.PASSWORD)
    assert state_of(acme, holder) == changed


def test_the_page_of_a_member_asks_in_each_form_that_needs_it(browser_of, holder):
    client = browser_of("admin")
    path = f"{PEOPLE}/{holder.pk}"
    assert FIELD not in client.get(path).text
    page = eleven_minutes_later(client).get(path).text
    asking = re.findall(r'id="([\w-]+)" type="password"', page)
    assert asking == ["rights-password", "delete-password", "factor-password"]


def test_a_member_is_deactivated_without_delay(browser_of, acme, bob):
    client = eleven_minutes_later(browser_of("admin"))
    act(client, bob, "deactivate")
    with use(acme):
        assert User.objects.get(pk=bob.pk).deactivated_at
    act(client, bob, "reactivate")
    with use(acme):
        assert User.objects.get(pk=bob.pk).is_active


@pytest.fixture
def dismissed(acme, bob):
    """Return an administrator who was let in no more."""
    with use(acme):
        User.objects.filter(pk=bob.pk).update(role="admin")
        lifecycle.deactivate(User.objects.get(pk=bob.pk))
    return bob


def is_in(acme, user):
    with use(acme):
        return User.objects.get(pk=user.pk).is_active


def test_a20_the_page_lets_an_administrator_in_again_after_a_fresh_proof_only(
    browser_of, acme, dismissed
):
    client = eleven_minutes_later(browser_of("admin"))
    assert NEEDED in act(client, dismissed, "reactivate").text
    assert not is_in(acme, dismissed)
    act(client, dismissed, "reactivate", current_password=twins.PASSWORD)
    assert is_in(acme, dismissed)


def test_a20_the_api_lets_an_administrator_in_again_after_a_fresh_proof_only(
    api, acme, dismissed
):
    client = eleven_minutes_later(api("admin"))
    back = {"id": dismissed.pk, "isActive": True}
    assert refused(client.patch(USER, back, content_type=JSON))
    assert not is_in(acme, dismissed)
    sent = {**back, "currentPassword": twins.PASSWORD}
    assert client.patch(USER, sent, content_type=JSON).status_code == 200
    assert is_in(acme, dismissed)
    # Who is in already is let in by nobody.
    client = eleven_minutes_later(api("admin"))
    again = client.patch(USER, back, content_type=JSON)
    assert again.status_code == 200


@pytest.mark.parametrize("path", [f"{PEOPLE}/new", f"{INVITATIONS}/new"])
def test_a20_the_pages_let_nobody_in_with_a_role_without_a_fresh_proof(
    browser_of, acme, path
):
    client = eleven_minutes_later(browser_of("admin"))
    assert FIELD in client.get(path).text
    form = {"email": NEW["email"], "first_name": "New", "last_name": "Comer"}
    asked = client.post(path, {**form, "role": "admin"})
    assert (asked.status_code, NEEDED in asked.text) == (422, True)
    assert client.post(path, {**form, "role": "member"}).status_code == 302
    form["email"] = "other@example.com"
    proved = {**form, "role": "admin", "current_password": twins.PASSWORD}
    assert client.post(path, proved).status_code == 302


# Who gets in, and who hears of it


@pytest.mark.parametrize(
    "change",
    [{"mailEnabled": False}, {"registrationPolicy": "open"}],
    ids=["mails", "registration"],
)
def test_a20_who_gets_in_and_who_hears_of_it_is_changed_after_a_fresh_proof_only(
    api, change
):
    client = eleven_minutes_later(api("admin"))
    before = client.get(BRANDING).json()
    for password in ({}, {"currentPassword": "wrong"}):
        assert refused(client.put(BRANDING, {**change, **password}, content_type=JSON))
    assert client.get(BRANDING).json() == before
    name = {"name": "Acme", "mailEnabled": True}
    assert client.put(BRANDING, name, content_type=JSON).status_code == 200
    right = {**change, "currentPassword": twins.PASSWORD}
    assert client.put(BRANDING, right, content_type=JSON).status_code == 200


def test_a20_the_page_asks_before_mails_are_switched_off_and_not_for_words(
    browser_of, acme
):
    client = eleven_minutes_later(browser_of("admin"))
    assert client.get("/accounts/branding").text.count(FIELD) == 2
    mail = {"section": "mail", "footer": "Acme Ltd"}
    on = {**mail, "mail_enabled": "on"}
    assert client.post("/accounts/branding", on).status_code == 302
    refusal = client.post("/accounts/branding", mail)
    assert refusal.status_code == 422
    assert NEEDED in refusal.text
    with use(acme):
        assert TenantBranding.objects.get().mail_enabled
    off = {**mail, "current_password": twins.PASSWORD}
    assert client.post("/accounts/branding", off).status_code == 302
    with use(acme):
        assert not TenantBranding.objects.get().mail_enabled
