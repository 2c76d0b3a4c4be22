"""Service accounts: no password, no address, only what they were given."""

import pytest
from django.db import IntegrityError, transaction

from accounts import api_tokens, permissions, roles, service_accounts
from accounts.errors import (
    NameInvalid,
    NameTaken,
    NotUserManager,
    PermissionUnknown,
)
from accounts.models import ApiToken, SecurityEvent, User
from kernel.errors import Forbidden
from tenants.context import use
from tests import twins

ACCOUNTS = "/api/accounts/service-accounts"
TOKENS = "/api/accounts/tokens"


@pytest.fixture
def robot(acme, admin):
    with use(acme):
        return service_accounts.create(
            name="Payroll", permissions=["workflow.can_instantiate"], by=admin
        )


@pytest.fixture
def program(acme, robot, visitor):
    """Return a client with a token of the robot that has every scope."""
    from accounts.scopes import SCOPES

    with use(acme):
        made = api_tokens.create(owner=robot, name="x", scopes_named=SCOPES)
    return visitor(authorization=f"Bearer {made.text}")


def test_it_is_a_member_without_password_and_address(acme, robot):
    with use(acme):
        row = User.objects.get(pk=robot.pk)
        assert row.groups.count() == 0
    assert (row.kind, row.role, row.email_norm) == ("service", "member", None)
    assert not row.has_usable_password()
    assert not row.is_staff


@pytest.mark.parametrize("password", ["", "!", "open", "None"])
def test_it_signs_in_nowhere(post, visitor, robot, password):
    body = {"username": "payroll", "password": password}
    for path in ("/api/auth/mobile/sign-in", "/api/auth/web/sign-in"):
        assert post(path, body).json()["code"] == "sign_in_failed"
    assert visitor().post("/accounts/sign-in", body).status_code == 422
    assert (
        visitor()
        .post("/admin/login/", body)["Location"]
        .startswith("/accounts/sign-in")
    )


def test_a_reset_reaches_no_service_account(post, acme, robot):
    assert (
        post("/api/accounts/forgot-password", {"email": "payroll"}).status_code == 400
    )
    with use(acme):
        assert not robot.challenges.exists()


def test_it_may_do_what_it_was_given_and_nothing_of_a_member(acme, robot):
    with use(acme):
        held = {name for name in permissions.ALL_PERMISSIONS if robot.may(name)}
    assert held == {"workflow.can_instantiate"}


@pytest.mark.parametrize("name", sorted(permissions.SERVICE_PERMISSIONS))
def test_each_permission_that_can_be_given_is_one_and_counts(in_acme, admin, name):
    robot = service_accounts.create(name="x", permissions=[name], by=admin)
    assert robot.may(name)
    assert not robot.may("tokens.manage_own")
    assert not robot.may("roles.assign")
    others = set(permissions.SERVICE_PERMISSIONS) - {name}
    assert [other for other in sorted(others) if robot.may(other)] == []


def test_what_its_groups_may_do_it_may_do(in_acme, admin):
    from django.contrib.auth.models import Group, Permission

    group = Group.objects.create(name="Machines")
    group.permissions.add(Permission.objects.get(codename="can_export"))
    robot = service_accounts.create(name="x", groups=["Machines"], by=admin)
    assert robot.may("workflow.can_export")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "bob"}, NameTaken),
        ({"name": "BOB"}, NameTaken),
        ({"name": "bob@acme.test"}, NameInvalid),
        ({"name": "a\nb"}, NameInvalid),
        ({"name": "<b>"}, NameInvalid),
        ({"permissions": ["tokens.manage_all"]}, PermissionUnknown),
        ({"permissions": ["tenant.manage"]}, PermissionUnknown),
        ({"permissions": ["accounts.add_user"]}, PermissionUnknown),
        ({"groups": ["Owner"]}, PermissionUnknown),
        ({"groups": ["User Manager"]}, PermissionUnknown),
        ({"groups": ["nobody's"]}, PermissionUnknown),
    ],
    ids=str,
)
def test_what_cannot_be_one_is_refused_and_nothing_is_made(
    in_acme, admin, change, error
):
    with pytest.raises(error):
        service_accounts.create(by=admin, **{"name": "Payroll", **change})
    assert not service_accounts.made_by_people().exists()


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_member_makes_and_ends_none(in_acme, robot, person, name):
    with pytest.raises(Forbidden):
        service_accounts.create(name="x", by=person(name))
    with pytest.raises(Forbidden):
        service_accounts.deactivate(robot, by=person(name))
    assert service_accounts.made_by_people().get().is_active


def test_a_service_account_makes_none_whatever_it_holds(in_acme, robot):
    User.objects.filter(pk=robot.pk).update(role="owner")
    robot.refresh_from_db()
    with pytest.raises(Forbidden):
        service_accounts.create(name="x", by=robot)
    with pytest.raises(Forbidden):
        api_tokens.create(
            owner=robot, name="x", scopes_named=["profile:read"], by=robot
        )


def test_the_database_keeps_passwords_away(acme, robot):
    from accounts import passwords

    password = passwords.hashed("four calm words here")
    with use(acme), pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=robot.pk).update(password=password)


def test_its_token_knows_who_it_is_and_reads_what_it_may(program):
    assert program.get("/api/protected/me").json()["username"] == "Payroll"
    details = program.get("/api/accounts/user").json()
    assert (details["username"], details["email"]) == ("Payroll", "")
    assert program.get("/api/protected/workitems").status_code == 200
    assert program.get("/api/protected/processes").status_code == 200


def test_it_publishes_no_process(program):
    answer = program.post("/api/protected/processes/1/publish")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_it_dies_with_its_tokens(acme, admin, robot, program):
    with use(acme):
        assert service_accounts.deactivate(robot, by=admin) == 1
        assert service_accounts.deactivate(robot, by=admin) == 0
        assert [one.state for one in ApiToken.objects.all()] == ["revoked"]
        # Even where somebody lets the account in again, its old tokens stay dead.
        User.objects.filter(pk=robot.pk).update(is_active=True, deactivated_at=None)
    assert program.get("/api/protected/me").status_code == 401
    with use(acme):
        told = list(
            SecurityEvent.objects.filter(subject=robot.pk)
            .order_by("id")
            .values_list("name", "actor")
        )
    assert told == [
        ("service_account.created", admin.pk),
        ("api_token.created", None),
        ("api_token.revoked", admin.pk),
        ("service_account.deactivated", admin.pk),
        ("api_token.used_after_end", None),
    ]


# By the API


def test_an_administrator_makes_one_gives_it_a_token_and_ends_it(api, post, visitor):
    client = api("admin")
    body = {"name": "Payroll", "permissions": ["users.view"], "groups": []}
    made = post(ACCOUNTS, body, client=client)
    assert made.status_code == 201
    number = made.json()["id"]
    wanted = {"name": "x", "scopes": ["profile:read"], "serviceAccount": number}
    given = post(TOKENS, wanted, client=client).json()
    assert given["token"].startswith("tns_")
    after = post(f"{TOKENS}/{given['details']['id']}/rotate", {}, client=client)
    assert after.status_code == 201
    (listed,) = client.get(ACCOUNTS).json()
    assert (listed["name"], listed["is_active"], listed["tokens"]) == (
        "Payroll",
        True,
        2,
    )
    assert client.delete(f"{ACCOUNTS}/{number}").status_code == 204
    assert client.get(ACCOUNTS).json()[0]["tokens"] == 0
    me = visitor(authorization=f"Bearer {after.json()['token']}")
    assert me.get("/api/protected/me").status_code == 401
    assert post(TOKENS, wanted, client=client).json()["code"] == "token_ended"


def test_a_member_finds_none(api, post, robot):
    client = api("bob")
    assert client.get(ACCOUNTS).status_code == 403
    assert post(ACCOUNTS, {"name": "x"}, client=client).status_code == 403
    assert client.delete(f"{ACCOUNTS}/{robot.pk}").status_code == 403
    for number in (robot.pk, 999_999):
        wanted = {"name": "x", "scopes": ["profile:read"], "serviceAccount": number}
        answer = post(TOKENS, wanted, client=client)
        assert answer.json()["code"] == "service_account_unknown"


def test_the_engines_own_account_is_nobodys_to_end(api, acme):
    with use(acme):
        engine = User.objects.services().get()
    client = api("admin")
    assert client.get(ACCOUNTS).json() == []
    assert client.delete(f"{ACCOUNTS}/{engine.pk}").status_code == 404
    with use(acme):
        assert User.objects.get(pk=engine.pk).is_active


def test_a_person_is_no_service_account(api, bob, acme):
    assert api("admin").delete(f"{ACCOUNTS}/{bob.pk}").status_code == 404
    with use(acme):
        assert User.objects.get(pk=bob.pk).is_active


def test_w01_no_role_is_taken_from_the_body(api, post, acme):
    body = {"name": "x", "role": "owner", "is_staff": True, "kind": "person"}
    more = {"password": twins.PASSWORD, "email": "x@acme.test", "isActive": True}
    assert post(ACCOUNTS, body | more, client=api("admin")).status_code == 201
    with use(acme):
        row = service_accounts.made_by_people().get()
    assert (row.role, row.is_staff, row.email) == ("member", False, "")
    assert not row.has_usable_password()


def test_one_that_may_make_people_makes_members_and_no_administrator(
    acme, admin, visitor
):
    with use(acme):
        robot = service_accounts.create(
            name="Hiring",
            permissions=["users.create", "invitations.manage", "users.manage"],
            by=admin,
        )
        made = api_tokens.create(owner=robot, name="x", scopes_named=["users:write"])
        for act in (
            lambda: roles.set_role(admin, "member", by=robot),
            lambda: roles.require_may_give("admin", by=robot),
        ):
            with pytest.raises(NotUserManager):
                act()
    client = visitor(authorization=f"Bearer {made.text}")
    person = {"firstName": "New", "lastName": "Comer", "email": "newcomer@acme.test"}
    invited = {"email": "another@acme.test", "role": "member"}
    for path, body in (("admin-register", person), ("invitations", invited)):
        answer = client.post(
            f"/api/accounts/{path}", body, content_type="application/json"
        )
        assert answer.status_code == 201, answer.content
    with use(acme):
        assert User.objects.get(email_norm=person["email"]).role == "member"
