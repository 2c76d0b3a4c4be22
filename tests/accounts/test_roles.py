"""Who gives which role to whom, and the last owner who stays (section 5)."""

from datetime import timedelta

import pytest

from accounts import (
    challenges,
    hiring,
    invitations,
    lifecycle,
    people,
    refresh_tokens,
    roles,
)
from accounts.errors import (
    Anonymised,
    LastOwner,
    NotUserManager,
    OwnersOnly,
    OwnRole,
    RoleTooHigh,
    RoleUnknown,
)
from accounts.models import (
    ApiToken,
    Challenge,
    Invitation,
    MailMessage,
    RefreshSession,
    SecurityEvent,
    User,
)
from accounts.refresh_tokens import Device
from kernel import clock
from tenants.context import use
from tests import twins
from tests.accounts.conftest import GOOD_PASSWORD
from tests.concurrency.racing import race


@pytest.fixture
def cast(in_acme):
    """Return the people of acme by name, with two active owners."""
    found = {user.username: user for user in User.objects.all()}
    for name in ("olga", "otto"):
        found[name] = people.create_person(
            username=name, email=f"{name}@acme.test", role="owner"
        )
    # The first owner of the twins never came in.
    User.objects.filter(username="owner@acme.test").update(role="member")
    return found


def role_of(user: User) -> str:
    return User.objects.get(pk=user.pk).role


@pytest.mark.parametrize(
    ("by", "user", "role", "refusal"),
    [
        ("admin", "bob", "admin", None),
        ("admin", "bob", "owner", RoleTooHigh),
        ("admin", "olga", "member", OwnersOnly),
        ("admin", "admin", "member", OwnRole),
        ("admin", "admin", "owner", OwnRole),
        ("olga", "bob", "owner", None),
        ("olga", "admin", "member", None),
        ("olga", "otto", "member", None),
        ("olga", "olga", "member", OwnRole),
        ("bob", "alice", "member", None),  # nothing changes
        ("bob", "alice", "admin", NotUserManager),
        ("bob", "bob", "admin", OwnRole),
        ("olga", "bob", "emperor", RoleUnknown),
    ],
)
def test_a33_who_may_give_which_role(cast, by, user, role, refusal):
    before = role_of(cast[user])
    if refusal is None:
        roles.set_role(cast[user], role, by=cast[by])
        assert role_of(cast[user]) == role
        return
    with pytest.raises(refusal):
        roles.set_role(cast[user], role, by=cast[by])
    assert role_of(cast[user]) == before


def test_a_right_counts_as_it_is_now_not_as_it_was_read(cast):
    stale = cast["admin"]
    roles.set_role(User.objects.get(pk=stale.pk), "member")
    with pytest.raises(NotUserManager):
        roles.set_role(cast["bob"], "admin", by=stale)


def test_a_new_role_ends_the_devices_and_is_recorded(cast):
    bob = cast["bob"]
    refresh_tokens.begin(bob, Device("web"))
    roles.set_role(bob, "admin", by=cast["olga"])
    assert RefreshSession.objects.get(user=bob).revoked_reason == "role_changed"
    event = SecurityEvent.objects.filter(name="role.changed", subject=bob.pk).first()
    assert event.actor == cast["olga"].pk
    assert event.details == {"role": "admin", "before": "member"}


def test_the_same_role_again_ends_nothing(cast):
    bob = cast["bob"]
    refresh_tokens.begin(bob, Device("web"))
    roles.set_role(bob, "member", by=cast["olga"])
    assert RefreshSession.objects.get(user=bob).revoked_at is None
    assert User.objects.get(pk=bob.pk).token_version == 1


@pytest.mark.parametrize(
    "take", ["demote", "deactivate", "anonymise", "delete_self", "deactivate_self"]
)
def test_the_last_owner_stays(cast, take):
    otto, olga = cast["otto"], cast["olga"]
    roles.set_role(otto, "member", by=olga)
    ways = {
        "demote": lambda: roles.set_role(olga, "member"),
        "deactivate": lambda: lifecycle.deactivate(olga),
        "anonymise": lambda: lifecycle.anonymise(olga),
        "delete_self": lambda: lifecycle.anonymise(olga, by=olga),
        "deactivate_self": lambda: lifecycle.deactivate(olga, by=olga),
    }
    with pytest.raises(LastOwner) as caught:
        ways[take]()
    assert (caught.value.status, caught.value.code) == (409, "last_owner")
    olga.refresh_from_db()
    assert (olga.role, olga.is_active) == ("owner", True)


def test_an_owner_who_never_came_in_is_no_other_owner(cast):
    hiring.hire(email="third@acme.test", first_name="T", last_name="Hird", role="owner")
    roles.set_role(cast["otto"], "member", by=cast["olga"])
    with pytest.raises(LastOwner):
        roles.set_role(cast["olga"], "member")


def test_a_service_account_stays_a_member(in_acme):
    robot = User.objects.create(
        username="robot", username_norm="robot", kind="service", password="!"
    )
    with pytest.raises(RoleTooHigh):
        roles.set_role(robot, "admin")


# Deactivated, active again, anonymised


def token_of(user: User) -> ApiToken:
    later = clock.now() + timedelta(days=1)
    return ApiToken.objects.create(
        user=user, name="x", prefix="x", secret_hash=b"x", expires_at=later
    )


def test_a26_deactivation_ends_all_that_lets_somebody_in(cast, frozen_clock):
    admin = cast["admin"]
    refresh_tokens.begin(admin, Device("web"))
    ticket = challenges.issue_reset_ticket(admin)
    token = token_of(admin)
    invited = invitations.invite(email="new@x.org", role="member", by=admin)
    version = admin.token_version
    lifecycle.deactivate(admin, by=cast["olga"])
    assert (admin.is_active, admin.token_version) == (False, version + 1)
    assert admin.deactivated_by == cast["olga"]
    assert RefreshSession.objects.get(user=admin).revoked_reason == "deactivated"
    assert challenges.ticket_owner(ticket) is None
    token.refresh_from_db()
    invited.refresh_from_db()
    assert (token.revoked_at, invited.revoked_at) == (clock.now(), clock.now())


def test_deactivating_twice_keeps_who_did_it_first(cast):
    lifecycle.deactivate(cast["bob"], by=cast["admin"])
    lifecycle.deactivate(cast["bob"], by=cast["olga"])
    assert cast["bob"].deactivated_by == cast["admin"]
    found = SecurityEvent.objects.filter(name="user.deactivated").count()
    assert found == 1


def test_only_a_manager_ends_others_and_no_administrator_an_owner(cast):
    with pytest.raises(NotUserManager):
        lifecycle.deactivate(cast["alice"], by=cast["bob"])
    for end in (lifecycle.deactivate, lifecycle.reactivate, lifecycle.anonymise):
        with pytest.raises(OwnersOnly):
            end(cast["olga"], by=cast["admin"])


def test_w03_a_deactivated_person_stays_out_until_a_manager_says_so(cast, post):
    bob = cast["bob"]
    lifecycle.deactivate(bob, by=cast["admin"])
    post("/api/accounts/forgot-password", {"email": bob.email})
    post(
        "/api/accounts/register",
        {
            "firstName": "B",
            "lastName": "Ob",
            "email": bob.email,
            "password": GOOD_PASSWORD,
        },
    )
    assert not Challenge.objects.filter(user=bob, superseded_at=None).exists()
    lifecycle.reactivate(bob, by=cast["admin"])
    assert (bob.is_active, bob.deactivated_at) == (True, None)


def test_who_never_proved_the_mailbox_is_not_active_after_reactivation(cast):
    made = hiring.hire(email="new@x.org", first_name="N", last_name="Ew")
    lifecycle.deactivate(made)
    lifecycle.reactivate(made)
    assert (made.is_active, made.deactivated_at) == (False, None)


def test_an_anonymised_account_keeps_its_number_and_nothing_else(cast):
    alice = cast["alice"]
    refresh_tokens.begin(alice, Device("web", "Alice's telephone"))
    challenges.issue_reset_ticket(alice)
    token_of(alice)
    from accounts import notices

    notices.password_changed(alice)
    lifecycle.anonymise(alice, by=alice)
    found = User.objects.get(pk=alice.pk)
    assert found.display_name == f"deleted-{alice.pk}"
    assert (found.is_active, found.has_usable_password()) == (False, False)
    for kind in (RefreshSession, ApiToken, Challenge):
        assert not kind.objects.filter(user=alice).exists()
    assert not MailMessage.objects.filter(to__contains=["alice@acme.test"]).exists()
    left = str(User.objects.filter(pk=alice.pk).values().get()).lower()
    assert "alice" not in left
    with pytest.raises(Anonymised):
        lifecycle.reactivate(alice)


def test_an_address_that_was_anonymised_is_free_again(cast):
    lifecycle.anonymise(cast["alice"], by=cast["admin"])
    again = hiring.hire(email="alice@acme.test", first_name="A", last_name="Lice")
    assert again.pk != cast["alice"].pk


def test_an_open_invitation_ends_with_its_inviters_right(cast):
    roles.set_role(cast["bob"], "admin", by=cast["olga"])
    bob = User.objects.get(username="bob")
    given = invitations.invite(email="new@x.org", role="admin", by=bob)
    roles.set_role(bob, "member", by=cast["olga"])
    assert Invitation.objects.get(pk=given.pk).revoked_at is not None


# At once


@pytest.fixture
def two_owners(transactional_db):
    acme = twins.info("acme")
    with use(acme):
        User.objects.filter(role="owner").update(role="member")
        made = [
            people.create_person(username=n, email=f"{n}@acme.test", role="owner")
            for n in ("olga", "otto")
        ]
    return acme, *made


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_demote_each_other_at_once(two_owners):
    acme, olga, otto = two_owners
    results = race(
        acme,
        lambda: roles.set_role(otto, "member", by=olga),
        lambda: roles.set_role(olga, "member", by=otto),
    )
    assert sorted(map(str, results)) in (
        ["done", "last_owner"],
        ["done", "forbidden"],
    )
    with use(acme):
        assert User.objects.filter(role="owner", is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_leave_at_once(two_owners):
    acme, olga, otto = two_owners
    results = race(
        acme,
        lambda: lifecycle.anonymise(olga, by=olga),
        lambda: lifecycle.deactivate(otto, by=otto),
    )
    assert sorted(map(str, results)) == ["done", "last_owner"]
    with use(acme):
        assert User.objects.filter(role="owner", is_active=True).count() == 1
