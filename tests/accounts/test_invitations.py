"""Invitations: one person, one account, as long as the inviter may (section 5)."""

import re
from datetime import timedelta

import pytest

from accounts import accepting, invitations, lifecycle, people, roles
from accounts.errors import (
    Deactivated,
    GroupUnknown,
    InvitationDead,
    InvitationOpen,
    LanguageUnknown,
    NameTaken,
    NotUserManager,
    RoleTooHigh,
    RoleUnknown,
    SignInToAccept,
    Throttled,
    WrongAccount,
)
from accounts.models import Invitation, MailMessage, SecurityEvent, User
from kernel import clock
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD
from tests.concurrency.racing import race

NEW = "newcomer@example.com"
PATH = "/api/accounts/invitations"
JSON = "application/json"
NAMES = {"first_name": "New", "last_name": "Comer", "password": GOOD_PASSWORD}
BODY = {"firstName": "New", "lastName": "Comer", "password": GOOD_PASSWORD}


def token_in(letter) -> str:
    return re.search(r"#token=([\w-]+)", letter.text)[1]


@pytest.fixture
def boss(in_acme) -> User:
    return User.objects.get(username="admin")


@pytest.fixture
def invite(boss, letters, in_acme):
    """Return what invites and gives the token of the mail."""

    def asked(email=NEW, role="member", **more) -> str:
        invitations.invite(email=email, role=role, by=more.pop("by", boss), **more)
        return token_in(letters(email)[0])

    return asked


# To give one


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"role": "owner"}, RoleTooHigh),
        ({"role": "emperor"}, RoleUnknown),
        ({"groups": ["Nobodies"]}, GroupUnknown),
        ({"groups": ["Owner"]}, RoleTooHigh),
        ({"language": "tlh"}, LanguageUnknown),
        ({"email": "BOB@acme.test"}, NameTaken),
    ],
    ids=str,
)
def test_an_invitation_that_cannot_be_given_leaves_nothing(boss, values, refusal):
    with pytest.raises(refusal):
        invitations.invite(**{"email": NEW, "role": "member", "by": boss, **values})
    assert not Invitation.objects.exists()


def test_a_member_invites_nobody(in_acme):
    bob = User.objects.get(username="bob")
    with pytest.raises(NotUserManager):
        invitations.invite(email=NEW, role="member", by=bob)


def test_a_deactivated_account_is_not_invited_but_reactivated(boss):
    lifecycle.deactivate(User.objects.get(username="bob"))
    with pytest.raises(Deactivated):
        invitations.invite(email="bob@acme.test", role="member", by=boss)


def test_one_address_has_one_open_invitation(boss, invite, frozen_clock):
    invite()
    with pytest.raises(InvitationOpen):
        invite("NEWCOMER@example.com")
    clock.advance(timedelta(days=7, seconds=1))
    invite()
    assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_the_mail_dies_with_the_invitation_and_the_table_holds_no_token(
    boss, invite, in_acme
):
    token = invite()
    made = Invitation.objects.get()
    assert made.expires_at - made.created_at == timedelta(days=7)
    message = MailMessage.objects.get(template="accounts/invitation")
    assert message.expires_at == made.expires_at
    assert token not in str(list(MailMessage.objects.values()))
    assert token.encode() not in bytes(made.token_hash)


def test_a_new_link_makes_the_old_one_worthless(boss, invite, letters):
    old = invite()
    made = Invitation.objects.get()
    invitations.resend(made.pk, by=boss)
    new = token_in(letters(NEW)[0])
    with pytest.raises(InvitationDead):
        accepting.look(old)
    assert accepting.look(new).sent_count == 2


def test_an_hour_has_fifty_invitations(boss, settings, in_acme):
    settings.ACCOUNTS_LIMITS = {"invitation.hour": (2, 3600)}
    for number in range(2):
        invitations.invite(email=f"n{number}@x.org", role="member", by=boss)
    with pytest.raises(Throttled):
        invitations.invite(email="n3@x.org", role="member", by=boss)
    with pytest.raises(Throttled):
        invitations.resend(Invitation.objects.first().pk, by=boss)


# To accept one


def test_a_new_person_comes_in_once_with_role_and_groups(invite, boss):
    token = invite(role="admin", groups=["HR"])
    user = accepting.accept(token, **NAMES)
    user.refresh_from_db()
    assert (user.role, user.is_active, user.email) == ("admin", True, NEW)
    assert user.is_email_verified
    assert user.check_password(GOOD_PASSWORD)
    names = set(user.groups.values_list("name", flat=True))
    assert names == {"HR", "User Manager"}
    made = Invitation.objects.get()
    assert made.accepted_by == user
    with pytest.raises(InvitationDead):
        accepting.accept(token, **NAMES)
    event = SecurityEvent.objects.get(name="invitation.accepted")
    assert (event.subject, event.details["role"]) == (user.pk, "admin")


def unknown(token, boss):
    return "x" * 43


def withdrawn(token, boss):
    invitations.revoke(Invitation.objects.get().pk, by=boss)
    return token


def late(token, boss):
    clock.advance(timedelta(days=7, seconds=1))
    return token


def by_somebody_demoted(token, boss):
    User.objects.filter(pk=boss.pk).update(role="member")
    return token


def by_somebody_deactivated(token, boss):
    User.objects.filter(pk=boss.pk).update(is_active=False)
    return token


def by_somebody_gone(token, boss):
    Invitation.objects.update(invited_by=None)
    return token


DEAD = [
    unknown,
    withdrawn,
    late,
    by_somebody_demoted,
    by_somebody_deactivated,
    by_somebody_gone,
]


@pytest.mark.parametrize("end", DEAD, ids=lambda end: end.__name__)
def test_every_dead_invitation_gets_one_answer(invite, boss, post, frozen_clock, end):
    token = end(invite(), boss)
    answer = post(f"{PATH}/accept", {"token": token, **BODY})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invitation_invalid"
    assert not User.objects.filter(email_norm=NEW).exists()
    with pytest.raises(InvitationDead):
        accepting.look(token)


def test_a_token_of_acme_opens_nothing_at_globex(invite, globex, post):
    token = invite()
    answer = post(f"{PATH}/accept", {"token": token, **BODY}, host="globex.localhost")
    assert answer.json()["code"] == "invitation_invalid"


def test_a_copied_invitation_row_is_worth_nothing_at_globex(invite, globex, acme):
    token = invite()
    row = Invitation.objects.values().get()
    with use(globex):
        Invitation.objects.create(**row)
        with pytest.raises(InvitationDead):
            accepting.look(token)


def test_an_existing_account_signs_in_first_and_keeps_its_password(invite):
    bob = User.objects.get(username="bob")
    token = invite("bob@acme.test", role="admin")
    with pytest.raises(SignInToAccept):
        accepting.accept(token, **NAMES)
    alice = User.objects.get(username="alice")
    with pytest.raises(WrongAccount):
        accepting.accept(token, by=alice)
    before = bob.password
    accepting.accept(token, by=bob)
    bob.refresh_from_db()
    assert (bob.role, bob.password, bob.first_name) == ("admin", before, "Bob")


def test_an_invitation_never_takes_a_role_away(invite, in_acme):
    olga = people.create_person(username="olga", email="olga@acme.test", role="owner")
    token = invite("olga@acme.test", role="member", groups=["HR"])
    accepting.accept(token, by=olga)
    olga.refresh_from_db()
    assert olga.role == "owner"
    assert olga.groups.filter(name="HR").exists()


def test_w05_a_strangers_pending_registration_gives_way_to_the_invited(invite, post):
    stranger = {**BODY, "email": NEW, "password": OTHER_PASSWORD}
    flow = post("/api/accounts/register", stranger).json()["flow"]
    user = accepting.accept(invite(), **NAMES)
    assert user.check_password(GOOD_PASSWORD)
    assert flow
    assert not user.challenges.filter(consumed_at=None, superseded_at=None).exists()


def test_a_deactivated_person_does_not_come_in_by_an_older_invitation(invite):
    token = invite("bob@acme.test", role="admin")
    bob = User.objects.get(username="bob")
    lifecycle.deactivate(bob)
    with pytest.raises(InvitationDead):
        accepting.accept(token, **NAMES)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "short"}, "password_too_short"),
        ({"password": "newcomer newcomer"}, "password_contextual"),
        ({"firstName": "<b>"}, "name_invalid"),
        ({"lastName": ""}, "missing_fields"),
        ({"company": "x"}, "blocked"),
        ({"token": None}, "invitation_invalid"),
    ],
    ids=str,
)
def test_what_is_refused_spends_no_invitation(invite, post, change, code):
    token = invite()
    answer = post(f"{PATH}/accept", {"token": token, **BODY, **change})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert accepting.look(token)
    assert not User.objects.filter(email_norm=NEW).exists()


# For programs


def test_an_administrator_invites_lists_resends_and_withdraws_by_the_api(api, acme):
    client = api("admin")
    answer = client.post(PATH, {"email": NEW, "role": "member"}, content_type=JSON)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["invited_by"], made["sent_count"]) == (
        NEW,
        "Admin Acme",
        1,
    )
    assert "token" not in answer.text
    assert [one["id"] for one in client.get(PATH).json()] == [made["id"]]
    again = client.post(f"{PATH}/{made['id']}/resend", content_type=JSON)
    assert again.json()["sent_count"] == 2
    assert client.delete(f"{PATH}/{made['id']}").status_code == 204
    assert client.delete(f"{PATH}/{made['id']}").status_code == 404
    assert client.get(PATH).json() == []


def test_a_member_and_a_stranger_get_nowhere_by_the_api(api, visitor, acme):
    for client, status in ((api("bob"), 403), (visitor(), 401)):
        assert client.get(PATH).status_code == status
        sent = {"email": NEW, "role": "member"}
        assert client.post(PATH, sent, content_type=JSON).status_code == status
        assert client.post(f"{PATH}/1/resend", content_type=JSON).status_code == status
        assert client.delete(f"{PATH}/1").status_code == status


def test_a_new_person_accepts_by_the_api_and_signs_in(invite, post):
    answer = post(f"{PATH}/accept", {"token": invite(), **BODY})
    assert answer.status_code == 201
    signed = post(
        "/api/auth/mobile/sign-in", {"username": NEW, "password": GOOD_PASSWORD}
    )
    assert signed.status_code == 200


def test_an_existing_person_accepts_by_the_api_with_an_access_token(invite, api, post):
    token = invite("bob@acme.test", role="admin")
    refused = post(f"{PATH}/accept", {"token": token, **BODY})
    assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_to_accept")
    client = api("bob")
    answer = client.post(f"{PATH}/accept", {"token": token}, content_type=JSON)
    assert answer.status_code == 201
    assert User.objects.get(username="bob").role == "admin"


def test_a20_an_owner_is_invited_by_a_fresh_sign_in_only(
    api, acme, frozen_clock, letters
):
    with use(acme):
        admin = User.objects.get(username="admin")
        roles.set_role(admin, "owner")
    client = api("admin")
    sent = {"email": NEW, "role": "owner"}
    clock.advance(timedelta(minutes=10, seconds=1))
    refused = client.post(PATH, sent, content_type=JSON)
    assert refused.json()["code"] == "reauthentication_required"
    assert api("admin").post(PATH, sent, content_type=JSON).status_code == 201


# At once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_comes_in(transactional_db):
    acme = twins.info("acme")
    with use(acme):
        boss = User.objects.get(username="admin")
        token = "t" * 43
        made = invitations.invite(email=NEW, role="member", by=boss)
        Invitation.objects.filter(pk=made.pk).update(
            token_hash=invitations.token_hash(token)
        )

    def accept() -> str:
        accepting.accept(token, **NAMES)
        return "in"

    results = race(acme, accept, accept)
    assert sorted(map(str, results)) == ["in", "invitation_invalid"]
    with use(acme):
        assert User.objects.filter(email_norm=NEW).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_invite_one_address_at_once_one_does(transactional_db):
    acme = twins.info("acme")
    with use(acme):
        boss = User.objects.get(username="admin")

    def invite() -> str:
        invitations.invite(email=NEW, role="member", by=boss)
        return "sent"

    results = race(acme, invite, invite)
    assert sorted(map(str, results)) == ["invitation_open", "sent"]
