"""Who a new tenant begins with, and what code may do that makes people."""

import io
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts import operators, people, provisioning, roles
from accounts.errors import EmailInvalid, NameTaken, PasswordTooShort
from accounts.models import MailMessage, SecurityEvent, TenantBranding, User
from kernel.append_only import WrittenOnce
from tenants.context import NoTenantError, TenantInfo, use_control
from tenants.models import OperatorEvent
from tenants.provisioning import ProvisioningRequest
from tests.accounts.conftest import GOOD_PASSWORD


def request_for(tenant: TenantInfo) -> ProvisioningRequest:
    return ProvisioningRequest(
        tenant=tenant, owner_email="owner@acme.test", owner_name="", locale="en"
    )


def test_a_new_tenant_has_groups_branding_and_an_owner_without_a_password(in_acme):
    owner = User.objects.get(role="owner")
    assert (owner.pk, owner.email, owner.is_active) == (1, "owner@acme.test", False)
    assert not owner.has_usable_password()
    groups = set(owner.groups.values_list("name", flat=True))
    assert groups >= {"Owner", "User Manager"}
    assert TenantBranding.objects.get().name == "Acme"
    mail = MailMessage.objects.get(template="accounts/account_setup")
    assert mail.to == ["owner@acme.test"]


def test_preparing_again_changes_nothing(in_acme):
    before = (User.objects.count(), MailMessage.objects.count(), Group.objects.count())
    provisioning.prepare(request_for(in_acme))
    assert before == (
        User.objects.count(),
        MailMessage.objects.count(),
        Group.objects.count(),
    )


def test_the_entry_of_the_owner_carries_its_secret_in_the_fragment(in_acme):
    first, second = provisioning.owner_entry(), provisioning.owner_entry()
    path, _, fragment = first.partition("#")
    assert path == "/accounts/set-password"
    assert fragment.startswith("ticket=")
    assert len(fragment) == len("ticket=") + 43
    assert first != second


def test_an_owner_with_a_password_enters_by_signing_in(in_acme):
    owner = User.objects.get(role="owner")
    owner.set_password("x")
    owner.save()
    assert provisioning.owner_entry() == "/accounts/sign-in"


def test_roles_are_mirrored_in_groups_and_end_old_tokens(in_acme):
    bob = User.objects.get(username="bob")
    roles.set_role(bob, "admin")
    bob.refresh_from_db()
    assert (bob.token_version, bob.is_staff) == (2, True)
    assert bob.groups.filter(name="User Manager").exists()
    roles.set_role(bob, "member")
    bob.refresh_from_db()
    assert (bob.token_version, bob.is_staff) == (3, False)
    assert set(bob.groups.values_list("name", flat=True)) == {"Employees", "Managers"}


def test_a_reserved_group_is_not_given_by_name(in_acme):
    bob = User.objects.get(username="bob")
    roles.add_groups(bob, ["Owner", "User Manager", "Superuser", "Night shift"])
    assert "Night shift" in bob.groups.values_list("name", flat=True)
    assert not bob.groups.filter(name__in=["Owner", "User Manager"]).exists()


@pytest.mark.parametrize(
    ("username", "permission", "may"),
    [
        ("admin", "users.view", True),
        ("admin", "tenant.manage", False),
        ("bob", "users.view", False),
        ("bob", "tokens.manage_own", True),
        ("bob", "nothing.like_this", False),
    ],
)
def test_what_a_role_may(in_acme, username, permission, may):
    assert User.objects.get(username=username).may(permission) is may


def test_an_inactive_person_may_nothing(in_acme):
    bob = User(username="x", role="owner", is_active=False)
    assert not bob.may("users.view")
    assert not bob.has_perm("accounts.view_user")


def test_a_weak_password_is_refused_outside_development(in_acme, settings):
    settings.DEVELOPMENT_MODE = False
    values = {"username": "x", "email": "x@acme.test"}
    with pytest.raises(PasswordTooShort):
        people.create_person(**values, password="open")
    person = people.create_person(**values, password=GOOD_PASSWORD)
    assert person.check_password(GOOD_PASSWORD)


def test_an_address_is_taken_once_in_any_case(in_acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        people.create_person(username="bob2", email="BOB@Acme.test")
    with pytest.raises(EmailInvalid):
        people.create_person(username="bob3", email="nonsense")


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": True, "deactivated_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"email_norm": None},
        {"kind": "service"},
        {"username_norm": "other@acme.test"},
    ],
    ids=str,
)
def test_the_database_refuses_people_that_cannot_be(in_acme, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(username="bob").update(**change)


def test_security_events_are_append_only(in_acme):
    event = SecurityEvent.objects.first()
    for change in (
        lambda: SecurityEvent.objects.update(name="nothing"),
        lambda: SecurityEvent.objects.all().delete(),
        event.save,
        event.delete,
    ):
        with pytest.raises(WrittenOnce):
            change()


def test_an_operator_lives_in_the_control_plane_only(in_acme):
    with pytest.raises(NoTenantError):
        operators.create(username="operator", email="o@x.org", password="open")
    assert not User.objects.filter(username="operator").exists()


def test_the_command_makes_an_operator_from_stdin(db):
    arguments = ["--username", "operator", "--email", "operator@tenantry.test"]
    with mock.patch("sys.stdin", io.StringIO(GOOD_PASSWORD + "\n")):
        call_command("create_operator", *arguments, "--password-stdin")
    with use_control():
        operator = User.objects.get(username="operator")
        assert operator.is_superuser
        assert operator.is_staff
        assert operator.check_password(GOOD_PASSWORD)
        noted = OperatorEvent.objects.get(action="operator.created")
        assert noted.args == {"operator": "operator"}
        assert noted.actor.startswith("os:")
        with pytest.raises(NameTaken):
            operators.create(
                username="OPERATOR", email="other@x.org", password=GOOD_PASSWORD
            )


def test_the_command_refuses_a_weak_password_in_one_line(db, settings):
    settings.DEVELOPMENT_MODE = False
    arguments = ["--username", "operator", "--email", "operator@tenantry.test"]
    with (
        mock.patch("sys.stdin", io.StringIO("open\n")),
        pytest.raises(CommandError, match="at least 15 characters"),
    ):
        call_command("create_operator", *arguments, "--password-stdin")
    with use_control():
        assert not User.objects.filter(username="operator").exists()


@pytest.mark.parametrize("command", ["make_jwt_key", "make_rsa"])
def test_both_names_make_a_signing_key_once(settings, tmp_path, command):
    settings.JWT_KEY_DIR = tmp_path / "keys"
    out = io.StringIO()
    call_command(command, stdout=out)
    assert out.getvalue().startswith("Key ")
    with pytest.raises(CommandError, match="--rotate"):
        call_command(command)
    call_command(command, "--rotate", stdout=out)
    assert len(list((tmp_path / "keys").glob("retired-*.pub"))) == 1


def test_a_name_that_cannot_be_one_stops_no_provisioning(in_acme):
    User.objects.filter(role="owner").delete()
    odd = ProvisioningRequest(
        tenant=in_acme, owner_email="o@acme.test", owner_name="<b>", locale="en"
    )
    provisioning.prepare(odd)
    assert User.objects.get(role="owner").first_name == ""


def test_the_managers_create_user_makes_somebody_who_can_sign_in(in_acme):
    made = User.objects.create_user("bob-two", "x@acme.test", "cafe\u0301")
    assert made.check_password("caf\u00e9")
    assert made.is_active
    assert made.role == "member"


def test_names_for_pages_have_a_fallback():
    assert User(username="bob").display_name == "bob"
    assert User(username="bob").initials == "B"
    person = User(username="x", first_name="Ann", last_name="Lee")
    assert (person.display_name, person.initials) == ("Ann Lee", "AL")
