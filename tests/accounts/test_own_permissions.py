"""What the table of roles gives each member is asked for at its doors."""

import pytest

from accounts import permissions
from accounts.models import user as user_model

OWN = ("sessions.manage_own", "mfa.manage_own", "tokens.manage_own")
SESSIONS = "/api/accounts/sessions"


@pytest.fixture
def without(monkeypatch):
    """Return a way to take a permission out of the table, for members."""

    def take(name):
        table = {**permissions.ROLE_PERMISSIONS, "member": permissions.MEMBER - {name}}
        monkeypatch.setattr(user_model, "ROLE_PERMISSIONS", table)

    return take


@pytest.mark.parametrize("name", OWN)
def test_every_role_may_care_for_the_own_account(name):
    assert all(name in held for held in permissions.ROLE_PERMISSIONS.values())


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("sessions.manage_own", "/accounts/devices"),
        ("mfa.manage_own", "/accounts/security/authenticator"),
        ("tokens.manage_own", "/accounts/tokens"),
    ],
)
def test_a_page_opens_by_its_permission_alone(browser_of, without, name, path):
    client = browser_of("bob")
    assert client.get(path).status_code in {200, 302}
    without(name)
    assert client.get(path).status_code == 403


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("sessions.manage_own", "get", SESSIONS),
        ("sessions.manage_own", "post", f"{SESSIONS}/revoke-others"),
        ("sessions.manage_own", "delete", f"{SESSIONS}/{'0' * 32}"),
        ("mfa.manage_own", "post", "/api/accounts/mfa/totp"),
        ("mfa.manage_own", "delete", "/api/accounts/mfa/totp/1"),
        ("mfa.manage_own", "post", "/api/accounts/mfa/recovery-codes"),
    ],
)
def test_an_operation_opens_by_its_permission_alone(api, without, name, method, path):
    def ask():
        body = "{}" if method == "post" else ""
        return client.generic(method.upper(), path, body, "application/json")

    client = api("bob")
    assert ask().status_code != 403
    without(name)
    assert (ask().status_code, ask().json()["code"]) == (403, "forbidden")
