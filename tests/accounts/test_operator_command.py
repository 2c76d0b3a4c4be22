"""`manage.py operator`: who runs the platform, and who does so no more."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from accounts import factors, operators
from accounts.models import MfaDevice, RecoveryCode, SecurityEvent, User
from tenants.context import TenantInfo, use, use_control
from tenants.models import OperatorEvent
from tests.accounts.conftest import GOOD_PASSWORD
from tests.accounts.factors import enrolled

PUBLIC = "localhost"
NAMED = {"username": "operator", "password": GOOD_PASSWORD}

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def operator(db) -> User:
    with use_control():
        return operators.create(
            username="operator", email="operator@tenantry.test", password=GOOD_PASSWORD
        )


@pytest.fixture
def browser(operator, visitor):
    client = visitor(PUBLIC)
    assert client.post("/accounts/sign-in", NAMED)["Location"] == "/admin/"
    assert client.get("/accounts/devices").status_code == 200
    return client


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("operator", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fails(*words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*words)
    return caught.value.returncode, str(caught.value)


def in_the_book(action: str) -> OperatorEvent:
    with use_control():
        return OperatorEvent.objects.get(action=action)


def test_the_operators_are_listed_and_no_other_person(operator) -> None:
    head, *lines = run("list").splitlines()
    assert head.split() == [
        "USERNAME",
        "EMAIL",
        "STATE",
        "FACTOR",
        "LAST",
        "SIGN",
        "IN",
    ]
    assert [line.split() for line in lines] == [
        ["operator", "operator@tenantry.test", "active", "no", "-"]
    ]
    (row,) = json.loads(run("list", "--json"))
    assert set(row) == {"username", "email", "state", "factor", "last_sign_in"}


def test_a_deactivated_operator_is_out_at_once_and_can_be_let_in_again(
    browser, visitor
) -> None:
    said = run("deactivate", "OPERATOR@tenantry.test", "--actor", "root")
    assert said == "operator: deactivated\n"
    assert browser.get("/accounts/devices").status_code == 302
    assert in_the_book("operator.deactivated").actor == "root"
    assert visitor(PUBLIC).post("/accounts/sign-in", NAMED).status_code == 422

    assert json.loads(run("reactivate", "operator", "--json"))["state"] == "active"
    assert visitor(PUBLIC).post("/accounts/sign-in", NAMED).status_code == 302


def test_who_lost_phone_and_codes_comes_in_with_the_password(operator, visitor) -> None:
    with use_control():
        device = factors.enrol(operator).device
        MfaDevice.objects.filter(pk=device.pk).update(confirmed_at=device.created_at)
    second = visitor(PUBLIC).post("/accounts/sign-in", NAMED)["Location"]
    assert second.startswith("/accounts/sign-in/second-factor")

    assert run("reset-factor", "operator") == "operator: factor reset\n"
    assert visitor(PUBLIC).post("/accounts/sign-in", NAMED)["Location"] == "/admin/"
    assert in_the_book("operator.factor_reset").args == {"operator": "operator"}
    with use_control():
        assert not MfaDevice.objects.exists()
        assert not RecoveryCode.objects.exists()
        assert SecurityEvent.objects.filter(name="mfa.reset", actor=None).count() == 1


@pytest.mark.parametrize("verb", ["deactivate", "reactivate", "reset-factor"])
@pytest.mark.parametrize("name", ["nobody", "", "a\x00b", "\ud800", "admin", "é" * 999])
def test_nobody_else_is_found(operator, verb: str, name: str) -> None:
    code, line = fails(verb, name)
    assert code == 3
    assert line.startswith("There is no operator")


def test_mod_3_a_person_of_a_tenant_is_no_operator(acme: TenantInfo, alice) -> None:
    enrolled(alice, acme)
    assert fails("reset-factor", "alice")[0] == 3
    with use(acme):
        assert factors.is_enrolled(alice)
