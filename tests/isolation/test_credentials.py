"""What credentials do at home, and what open operations answer to those of elsewhere.

The matrix shows that nothing opens; here is that the same would have opened at home,
and word for word what a stranger is told.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.mail import devbox
from accounts.mail.outbox import run_due
from tenants.context import use
from tenants.testing import rows
from tenants.testing.credentials import Held
from tenants.testing.doors import Door
from tenants.testing.matrix import Matrix
from tenants.testing.twins import Twin
from tests.isolation.credentials import NEW_PASSWORD
from tests.isolation.story import ask

JSON = "application/json"
ALICE = "alice@acme.test"
PASSWORDS = {"username": ALICE, "password": "open"}
REFRESH = {"refresh": "{refresh}"}
MFA = {"ticket": "{ticket}", "code": "{code}"}


@dataclass(frozen=True)
class Told:
    """What an operation without a token is sent of acme's, and what it answers."""

    body: dict[str, str]
    status: int
    code: str = ""


OPEN_OPERATIONS = {
    "/api/auth/web/sign-in": Told(PASSWORDS, 401, "sign_in_failed"),
    "/api/auth/mobile/sign-in": Told(PASSWORDS, 401, "sign_in_failed"),
    "/api/auth/web/mfa": Told(MFA, 401, "mfa_expired"),
    "/api/auth/mobile/mfa": Told(MFA, 401, "mfa_expired"),
    "/api/auth/web/token-refresh": Told({}, 401, "unauthenticated"),
    "/api/auth/mobile/token-refresh": Told(REFRESH, 401, "unauthenticated"),
    "/api/auth/web/sign-out": Told({}, 204),
    "/api/auth/mobile/sign-out": Told(REFRESH, 204),
    "/api/accounts/register": Told({"email": ALICE}, 400),
    "/api/accounts/resend": Told({"email": ALICE, "flow": "{flow}"}, 200),
    "/api/accounts/forgot-password": Told({"email": ALICE, "flow": "{flow}"}, 200),
    "/api/accounts/verify-code": Told(
        {"email": ALICE, "code": "{code}", "flow": "{flow}"}, 202, "code_invalid"
    ),
    "/api/accounts/change-password": Told(
        {
            "email": ALICE,
            "password": NEW_PASSWORD,
            "passwordVerify": NEW_PASSWORD,
            "ticket": "{ticket}",
        },
        400,
        "ticket_required",
    ),
    "/api/accounts/invitations/accept": Told(
        {
            "token": "{token}",
            "firstName": "Dora",
            "lastName": "Example",
            "password": NEW_PASSWORD,
        },
        400,
        "invitation_invalid",
    ),
}


@pytest.fixture
def held(matrix: Matrix) -> dict[str, str]:
    """Return what is mailed and given to people of acme."""
    names = ("refresh token", "reset code", "invitation link", "invitation")
    minted = [
        matrix.plan.kind(name).mint(matrix.twins.a, matrix.visit) for name in names
    ]
    return {name: value for one in minted for name, value in one.fields.items()}


def test_an_open_operation_knows_nothing_of_another_tenant(matrix: Matrix, held):
    listed = {f"POST {path}" for path in OPEN_OPERATIONS}
    assert {door.name for door in operations(matrix) if not door.is_guarded} == listed
    acme = rows.digest(matrix.twins.a.schema)
    for path, told in OPEN_OPERATIONS.items():
        answer = sent(matrix.visit(matrix.twins.b.host), path, told, held)
        assert answer.status_code == told.status, (path, answer.content)
        if told.code:
            assert answer.json()["code"] == told.code, path
        assert "acme" not in answer.text.lower(), path
    assert rows.changed(acme, rows.digest(matrix.twins.a.schema)) == []
    with use(matrix.twins.b.tenant):
        run_due(100)
        assert [letter for letter in devbox.letters() if ALICE in letter.to] == []


def test_what_was_tried_elsewhere_still_works_at_home(matrix: Matrix, held):
    for path, told in OPEN_OPERATIONS.items():
        sent(matrix.visit(matrix.twins.b.host), path, told, held)
    home = matrix.visit(matrix.twins.a.host)
    tried = {
        path: sent(home, path, OPEN_OPERATIONS[path], held).status_code
        for path in (
            "/api/auth/mobile/token-refresh",
            "/api/accounts/verify-code",
            "/api/accounts/change-password",
            "/api/accounts/invitations/accept",
        )
    }
    assert set(tried.values()) == {200, 201}


def sent(client: Client, path: str, told: Told, held: dict[str, str]) -> Any:
    body = {name: value.format_map(held) for name, value in told.body.items()}
    return client.post(path, body, content_type=JSON)


# At home


def test_the_same_token_is_taken_at_home(matrix: Matrix):
    at_home = opened(matrix, "access token", operations(matrix))
    refused = [door.name for door, status in at_home if status in {401, 404}]
    # Were there an authenticator of the admin's, every sign-in here would ask for it.
    assert refused == ["DELETE /api/accounts/mfa/totp/{device_id}"]
    assert len(at_home) > 15


def test_a_session_cookie_is_no_token(matrix: Matrix):
    at_home = opened(matrix, "session cookie", operations(matrix))
    assert {status for _, status in at_home} == {401}


def test_the_same_session_opens_these_pages_at_home(matrix: Matrix):
    pages = [door for door in matrix.doors() if not door.is_operation]
    at_home = opened(matrix, "session cookie", pages)
    paths = {door.path for door, status in at_home if status == 200}
    assert len(paths) > 40
    assert {"/leave/{leave_id}/", "/workflow/instances/{instance_id}/"} <= paths
    assert {"/admin/", "/admin/accounts/user/{object_id}/change/"} <= paths


def opened(matrix: Matrix, name: str, doors: list[Door]) -> list[tuple[Door, int]]:
    """Return what the closed doors of acme answer to what its own admin holds."""
    kind = matrix.plan.kind(name)
    held: Held = kind.mint(matrix.twins.a, matrix.visit)
    home = Matrix(matrix.plan, matrix.twins.swapped(), matrix.visit)
    return [
        (door, home.shown(kind, held, door).status)
        for door in doors
        if door.site == "tenant" and matrix.plan.entry(door) is None
    ]


def operations(matrix: Matrix) -> list[Door]:
    return [
        door for door in matrix.doors() if door.is_operation and door.site == "tenant"
    ]


# Numbers


def test_an_admin_finds_nothing_under_numbers_that_only_another_tenant_has(
    matrix: Matrix, person
):
    acme = matrix.twins.a.tenant
    with use(acme):
        only = ask(person("alice", acme))
    at_acme, at_globex = (signed_in(matrix, twin) for twin in matrix.twins)
    nowhere = only.pk * 1000 + 1
    named = [door for door in operations(matrix) if "_id}" in door.path]
    for door in named:
        address = door.address(lambda name, of: nowhere)
        body = '{"user_id": 1}'  # for those that name a person; the others ignore it
        answer = at_globex.generic(door.method.upper(), address, body, JSON)
        assert answer.status_code == 404, door.name
    for path in (f"leave/requests/{only.pk}", f"instances/{only.pk}"):
        assert at_globex.get(f"/api/protected/{path}").status_code == 404
        assert at_acme.get(f"/api/protected/{path}").status_code == 200


def signed_in(matrix: Matrix, twin: Twin) -> Client:
    held = matrix.plan.kind("access token").mint(twin, matrix.visit)
    return matrix.visit(twin.host, **held.headers)
