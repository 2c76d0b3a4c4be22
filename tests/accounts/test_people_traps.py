"""Ways around the rules about people that somebody from inside would try."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import (
    accepting,
    api_tokens,
    editing,
    email_change,
    hiring,
    invitations,
    lifecycle,
    people,
    recovery,
    registration,
    resending,
    roles,
    service_accounts,
)
from accounts.errors import Anonymised, NameTaken, NotUserManager, RoleTooHigh
from accounts.mail import outbox
from accounts.models import Invitation, MailAttachment, MailMessage, User
from accounts.services.email import send_email
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD
from tests.accounts.test_invitations import token_in

USER = "/api/accounts/user"
NEW = "newcomer@example.com"
NEWCOMER = {"firstName": "New", "lastName": "Comer", "email": NEW}
JSON = "application/json"


@pytest.fixture
def person(in_acme):
    return lambda name: User.objects.get(username=name)


@pytest.fixture
def program(acme, admin, visitor):
    """Return what makes a client with a token that may write people."""

    def made(owner: User | None = None):
        with use(acme):
            owner = owner or service_accounts.create(
                name="sync",
                permissions=["users.manage", "users.create", "invitations.manage"],
                by=admin,
            )
            token = api_tokens.create(
                owner=owner, name="x", scopes_named=["users:write"]
            )
        return visitor(authorization=f"Bearer {token.text}")

    return made


# Programs


@pytest.mark.parametrize(
    "change", [{"email": "x@evil.example"}, {"isActive": False}, {"firstName": "X"}]
)
def test_a_program_changes_no_administrator(program, acme, admin, change):
    with use(acme):
        alice = User.objects.get(username="alice")
        User.objects.filter(pk=alice.pk).update(role="admin")
    for client in (program(), program(admin)):
        answer = client.patch(USER, {"id": alice.pk, **change}, content_type=JSON)
        assert answer.status_code == 403
    with use(acme):
        again = User.objects.get(pk=alice.pk)
        assert (again.is_active, again.first_name) == (True, alice.first_name)
        robot = User.objects.get(username="sync")
        with pytest.raises(NotUserManager):
            editing.change(again, editing.Changes(email="x@evil.example"), by=robot)


def test_a_service_account_lets_members_in_and_nobody_above(program, acme):
    client = program()
    path = "/api/accounts/admin-register"
    assert client.post(path, NEWCOMER, content_type=JSON).status_code == 201
    for role, status in (("member", 201), ("admin", 403)):
        sent = {"email": f"{role}@example.com", "role": role}
        answer = client.post("/api/accounts/invitations", sent, content_type=JSON)
        assert answer.status_code == status
    with use(acme):
        assert [one.role for one in Invitation.objects.all()] == ["member"]
        assert User.objects.get(email_norm=NEW).role == "member"


def test_a_program_sends_no_administrators_invitation_again(program, acme, admin):
    with use(acme):
        made = invitations.invite(email=NEW, role="admin", by=admin)
        before = bytes(made.token_hash)
    path = f"/api/accounts/invitations/{made.pk}/resend"
    assert program(admin).post(path, content_type=JSON).status_code == 403
    with use(acme):
        assert bytes(Invitation.objects.get().token_hash) == before


# Owners


def test_an_administrator_withdraws_no_invitation_of_an_owner(person):
    owner = person("owner@acme.test")
    roles.set_role(person("alice"), "owner")
    made = invitations.invite(email=NEW, role="owner", by=person("alice"))
    with pytest.raises(RoleTooHigh):
        invitations.revoke(made.pk, by=person("admin"))
    assert Invitation.objects.get().revoked_at is None
    assert owner.role == "owner"


def test_owners_are_locked_before_an_invitation_as_everywhere(person, letters):
    """Who deactivates the inviter locks in this order too: nobody waits for nobody."""
    invitations.invite(email=NEW, role="member", by=person("admin"))
    other = invitations.invite(email="x@x.org", role="member", by=person("admin"))
    token = token_in(letters(NEW)[0])
    names = {"first_name": "New", "last_name": "Comer", "password": GOOD_PASSWORD}
    for act in (
        lambda: accepting.accept(token, **names),
        lambda: invitations.resend(other.pk, by=person("admin")),
    ):
        with CaptureQueriesContext(connection) as seen:
            act()
        locks = [one["sql"] for one in seen if "FOR UPDATE" in one["sql"]]
        assert 'FROM "accounts_user"' in locks[0], locks[0]
        assert any("accounts_invitation" in sql for sql in locks[1:])


# The end of an account


def test_a_name_that_somebody_took_keeps_nobody_from_being_deleted(person, in_acme):
    alice = person("alice")
    people.create_person(username=f"Deleted-{alice.pk}", email="squatter@example.com")
    lifecycle.anonymise(alice)
    assert alice.anonymised_at
    assert alice.username.startswith(f"deleted-{alice.pk}-")
    assert alice.email_norm == f"{alice.username}@deleted.invalid"


def test_a_deleted_account_is_not_given_an_address_or_groups(person):
    bob = person("bob")
    lifecycle.anonymise(bob)
    for asked in ({"email": "bob@example.com"}, {"groups": {"HR": True}}):
        for by in (None, person("admin")):
            with pytest.raises(Anonymised):
                editing.change(bob, editing.Changes(**asked), by=by)
    assert User.objects.get(pk=bob.pk).email.endswith("@deleted.invalid")


def test_nobody_ends_the_own_account_by_the_page_about_others(browser_of, acme, admin):
    client = browser_of("admin")
    for action in ("delete", "deactivate"):
        client.post(f"/accounts/people/{admin.pk}", {"action": action})
    with use(acme):
        again = User.objects.get(pk=admin.pk)
    assert (again.deactivated_at, again.anonymised_at) == (None, None)


# Mails


def test_a_deleted_person_stands_in_no_mail_however_it_was_addressed(person):
    alice, bob = person("alice"), person("bob")
    written = '"Alice A" <ALICE@acme.test>'
    send_email(written, "For Alice", "<p>x</p>", [("a.txt", b"Alice", "text/plain")])
    send_email([bob.email, written], "Two", "<p>x</p>", cc=written, bcc=alice.email)
    send_email("malice@acme.test", "Another", "<p>x</p>")
    lifecycle.anonymise(alice)
    mails = {one.subject: one for one in MailMessage.objects.order_by("id")}
    assert mails["Another"].to == ["malice@acme.test"]
    two = mails["Two"]
    assert (two.to, two.cc, two.bcc) == ([bob.email], [], [])
    assert "For Alice" not in mails
    assert not MailAttachment.objects.exists()
    found = MailMessage.objects.exclude(subject="Another")
    assert "alice@" not in str(list(found.values())).lower()


def test_a_code_for_a_new_address_is_sent_again_to_that_address(person, smtp):
    bob = person("bob")
    email_change.request(bob, NEW, by=bob)
    smtp.refuse = "554 never"
    outbox.run_due(100)
    smtp.refuse = None
    failed = MailMessage.objects.get(template="accounts/email_change_code")
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        resending.send_again(failed.pk, by=person("admin"))
    both = MailMessage.objects.filter(template="accounts/email_change_code")
    assert [one.to for one in both] == [[NEW], [NEW]]


# Addresses


def test_w05_a_strangers_registration_keeps_nobody_from_the_own_new_address(
    person, code_for, acme
):
    bob = person("bob")
    typed = {"first_name": "X", "last_name": "Y", "password": GOOD_PASSWORD}
    registration.register(email=NEW, **typed)
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        flow = email_change.request(bob, NEW, by=bob)
        code = code_for(NEW)
        recovery.verify_code(email=NEW, code=code, flow=flow)
    assert User.objects.get(email_norm=NEW).pk == bob.pk


def test_somebody_who_was_let_in_keeps_the_address(person, in_acme):
    hired = hiring.hire(email=NEW, first_name="New", last_name="Comer")
    with pytest.raises(NameTaken):
        editing.change(person("bob"), editing.Changes(email=NEW), by=person("admin"))
    with pytest.raises(NameTaken):
        editing.change(person("bob"), editing.Changes(email=NEW))
    assert User.objects.get(email_norm=NEW).pk == hired.pk
