"""The seed's Python functions under its names (A39), with their results."""

import dataclasses
import inspect

import pytest

from accounts.models import SecurityEvent, User
from accounts.services import auth_flow, results
from accounts.services.auth_flow import (
    admin_register_user_and_send_setup_email,
    change_password,
    get_user_details,
    list_users,
    register_user_and_send_verification_email,
    send_forgot_password_code,
    update_user,
    verify_reset_code,
)
from kernel import clock
from tests.accounts.conftest import GOOD_PASSWORD, OTHER_PASSWORD

SIGNATURES = {
    "generate_verification_code": "*, length=6",
    "generate_strong_password": "*, length=32",
    "register_user_and_send_verification_email": (
        "email, first_name, last_name, password, username=None, groups=None, *,"
        " language=None"
    ),
    "admin_register_user_and_send_setup_email": (
        "email, first_name, last_name, username=None, groups=None, *, by=None"
    ),
    "send_forgot_password_code": "email",
    "verify_reset_code": "*, email, code, flow=None",
    "validate_reset_code": "email, code, flow=None",
    "change_password": (
        "*, email, password, password_verify, authenticated_user=None, ticket=None,"
        " current_password=None"
    ),
    "get_user_details": "user",
    "list_users": "*, exclude_groups=None, limit=None, after=None",
    "update_user": "user, data, *, by=None",
}
FIELDS = {
    "ServiceResult": "success, message=None, code=None, flow=None",
    "VerifyCodeOutcome": (
        "result, attempts_remaining=None, user=None, auto_login_after_verify=False,"
        " purpose=None, ticket=None"
    ),
    "VerifyCodeHttpResult": (
        "status_code, payload, user=None, auto_login_after_verify=False"
    ),
    "ChangePasswordResult": (
        "success, message, user=None, auto_login_after_change=False, code=None"
    ),
    "UserUpdateResult": "success, message, code=None, email_pending=False",
    "DeliveryResult": "status_code, text, backend, message_id=None",
}


def bare(signature: inspect.Signature) -> str:
    without = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(inspect.Signature(without))[1:-1]


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_function_has_the_seeds_arguments_in_their_order(name):
    assert bare(inspect.signature(getattr(auth_flow, name))) == SIGNATURES[name]


@pytest.mark.parametrize("name", FIELDS)
def test_a_result_is_frozen_and_has_the_seeds_attributes(name):
    kind = getattr(results, name)
    assert kind.__dataclass_params__.frozen
    found = [
        field.name
        if field.default is dataclasses.MISSING
        else f"{field.name}={field.default}"
        for field in dataclasses.fields(kind)
    ]
    assert ", ".join(found) == FIELDS[name]


def test_a39_the_seeds_sequence_runs_with_only_the_imports_changed(
    in_acme, code_for, frozen_clock
):
    result = register_user_and_send_verification_email(
        email="person@example.com",
        first_name="First",
        last_name="Last",
        password=GOOD_PASSWORD,
    )
    assert (result.success, result.code) == (True, None)
    verify = verify_reset_code(
        email="person@example.com", code=code_for("person@example.com")
    )
    assert (verify.status_code, verify.auto_login_after_verify) == (200, True)

    clock.advance(auth_flow.challenges.TICKET_LIFE)
    forgot = send_forgot_password_code("person@example.com")
    assert forgot.success

    verify = verify_reset_code(
        email="person@example.com", code=code_for("person@example.com")
    )
    assert verify.status_code == 200

    changed = change_password(
        email="person@example.com",
        password=OTHER_PASSWORD,
        password_verify=OTHER_PASSWORD,
    )
    assert (changed.success, changed.auto_login_after_change) == (True, True)
    assert User.objects.get(email="person@example.com").check_password(OTHER_PASSWORD)


def test_an_administrators_person_is_made_once(in_acme, letters):
    values = ("person@example.com", "First", "Last")
    groups = [{"name": "HR", "enabled": True}, {"name": "Nobodies", "enabled": True}]
    made = admin_register_user_and_send_setup_email(*values, groups=groups)
    assert (made.success, made.message) == (True, auth_flow.CREATED)
    user = User.objects.get(email="person@example.com")
    assert get_user_details(user)["groups"] == ["HR"]
    assert SecurityEvent.objects.filter(name="group.unknown").count() == 1
    assert letters("person@example.com")
    again = admin_register_user_and_send_setup_email(*values)
    assert (again.success, again.code) == (False, "user_exists")
    assert again.message == "A user with this email already exists."


@pytest.mark.parametrize("reserved", ["Owner", "Superuser"])
def test_reserved_groups_are_refused_by_every_function(in_acme, reserved):
    groups = [{"name": reserved, "enabled": True}]
    bob = User.objects.get(username="bob")
    answers = [
        admin_register_user_and_send_setup_email("x@x.org", "X", "Y", groups=groups),
        register_user_and_send_verification_email(
            "y@x.org", "X", "Y", GOOD_PASSWORD, groups=groups
        ),
        update_user(bob, {"groups": groups}),
    ]
    assert [(one.success, one.code) for one in answers] == [
        (False, "role_too_high")
    ] * 3
    assert not User.objects.filter(email__endswith="@x.org").exists()


def test_trusted_code_may_give_groups_at_a_registration(in_acme):
    groups = [
        {"name": "HR", "enabled": True},
        {"name": "User Manager", "enabled": True},
    ]
    register_user_and_send_verification_email(
        "y@x.org", "X", "Y", GOOD_PASSWORD, groups=groups
    )
    user = User.objects.get(email="y@x.org")
    assert user.role == "admin"
    assert set(get_user_details(user)["groups"]) == {"HR", "User Manager"}


def test_the_list_takes_names_of_groups_in_any_form(in_acme):
    for left_out in ("HR,Managers", ["HR", "Managers"], ("HR", "Managers")):
        names = [one["username"] for one in list_users(exclude_groups=left_out)]
        assert names == ["admin", "alice"]
    first = list_users(limit=2)
    rest = list_users(limit=100, after=first[-1]["id"])
    assert [one["id"] for one in first + rest] == [one["id"] for one in list_users()]
    assert list_users(after=999_999) == []


def test_the_details_are_those_of_the_seed_and_ours(in_acme):
    details = get_user_details(User.objects.get(username="bob"))
    assert list(details) == [
        *("id", "username", "email", "first_name", "last_name", "is_active"),
        *("force_password_reset", "groups", "email_verified", "role", "mfa_enabled"),
        "last_sign_in_at",
    ]


def test_an_update_in_python_changes_all_that_it_names(in_acme):
    bob = User.objects.get(username="bob")
    result = update_user(
        bob,
        {
            "firstName": "Robert",
            "lastName": None,
            "password": GOOD_PASSWORD,
            "isActive": False,
            "groups": [{"name": "User Manager", "enabled": True}],
        },
    )
    assert (result.success, result.message) == (True, "User updated successfully.")
    bob.refresh_from_db()
    assert (bob.first_name, bob.last_name, bob.role) == ("Robert", "Acme", "admin")
    assert (bob.is_active, bob.check_password(GOOD_PASSWORD)) == (False, True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "no_valid_fields"),
        ({"unknown": 1}, "no_valid_fields"),
        ({"isActive": "yes"}, "is_active_invalid"),
        ({"password": "a"}, "password_too_short"),  # W11
        ({"email": "alice@acme.test"}, "user_exists"),
        ({"email": "a@[127.0.0.1]"}, "email_invalid"),
        ({"firstName": "a\x00"}, "name_invalid"),
    ],
    ids=str,
)
def test_w11_an_update_that_cannot_be_changes_nothing(in_acme, data, code):
    bob = User.objects.get(username="bob")
    before = User.objects.filter(pk=bob.pk).values().get()
    result = update_user(bob, {"lastName": "Half", **data} if data else data)
    if "unknown" in data:
        assert result.success
        return
    assert (result.success, result.code) == (False, code)
    assert User.objects.filter(pk=bob.pk).values().get() == before


def test_a_person_changes_no_password_by_an_update(in_acme):
    bob = User.objects.get(username="bob")
    result = update_user(bob, {"password": GOOD_PASSWORD}, by=bob)
    assert (result.success, result.code) == (False, "use_change_password")
