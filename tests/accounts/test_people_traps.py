"""Ways around the rules about people that somebody from inside would try."""

import pytest

from accounts import api_tokens, editing, service_accounts
from accounts.errors import NotUserManager
from accounts.models import Invitation, User
from tenants.context import use

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
