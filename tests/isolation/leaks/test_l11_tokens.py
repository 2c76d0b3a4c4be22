"""L11: an access token or a refresh token that another tenant accepts.

The matrix walks every door with each; here somebody also got its row into the other
schema. Personal and service API tokens, which the class also names, do not exist yet;
the inventory fails when one appears without its kind of credential.
"""

import jwt
import pytest

from accounts.models import RefreshSession, User
from tenants.context import use
from tenants.testing.matrix import Matrix
from tenants.testing.twins import mirror
from tests.isolation import defences

TOKENS = ("access token", "refresh token", "refresh cookie")
DEVICES = "accounts_refreshsession"


def tried(matrix: Matrix, name: str, *, copied: bool) -> list[str]:
    """Return what opens at globex to what the admin of acme got there."""
    kind = matrix.plan.kind(name)
    held = kind.mint(matrix.twins.a, matrix.visit)
    if copied:
        mirror(matrix.twins.a, matrix.twins.b, only=[DEVICES])
    doors = [
        door for door in matrix.doors() if door.is_operation and door.site == "tenant"
    ]
    return [str(finding) for finding in matrix.walk(kind, held, doors)]


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_opens_nothing_even_where_its_row_was_copied(matrix: Matrix, name):
    assert tried(matrix, name, copied=True) == []


def test_only_the_tenant_tells_the_two_people_apart(twins):
    people = []
    for twin in twins:
        with use(twin.tenant):
            users = User.objects.exclude(role=User.Role.OWNER).order_by("pk")
            people.append(list(users.values_list("pk", "username", "password")))
    assert people[0] == people[1]
    assert len(people[0]) == 7


def test_a_token_names_the_tenant_of_its_host(matrix: Matrix):
    for twin in matrix.twins:
        held = matrix.plan.kind("access token").mint(twin, matrix.visit)
        token = held.headers["authorization"].removeprefix("Bearer ")
        said = jwt.decode(token, options={"verify_signature": False})
        assert said["tenant"] == str(twin.tenant.uuid)


def test_a_device_is_a_row_of_its_own_schema(matrix: Matrix):
    held = matrix.plan.kind("refresh token").mint(matrix.twins.a, matrix.visit)
    device = held.fields["refresh"].split("_")[1]
    found = []
    for twin in matrix.twins:
        with use(twin.tenant):
            found.append(RefreshSession.objects.filter(pk=device).count())
    assert found == [1, 0]


def test_a_refresh_token_that_was_tried_elsewhere_is_not_used_up(matrix: Matrix):
    kind = matrix.plan.kind("refresh token")
    held = kind.mint(matrix.twins.a, matrix.visit)
    path = "/api/auth/mobile/token-refresh"
    for twin, status in ((matrix.twins.b, 401), (matrix.twins.a, 200)):
        answer = matrix.visit(twin.host).post(
            path, held.fields, content_type="application/json"
        )
        assert answer.status_code == status


# With the defences off


def test_without_the_claim_the_row_in_its_schema_still_refuses(matrix, monkeypatch):
    defences.claim_off(monkeypatch)
    assert tried(matrix, "access token", copied=False) == []


def test_without_the_claim_and_with_the_row_copied_the_leak_shows(matrix, monkeypatch):
    defences.claim_off(monkeypatch)
    found = tried(matrix, "access token", copied=True)
    assert "access token at GET /api/protected/me: answered 200" in found
    assert "access token at GET /api/protected/leave/requests: answered 200" in found


@pytest.mark.parametrize("name", ["refresh token", "refresh cookie"])
def test_without_salts_and_with_the_row_copied_the_leak_shows(
    matrix, monkeypatch, name
):
    defences.salts_off(monkeypatch)
    way = "mobile" if name == "refresh token" else "web"
    door = f"{name} at POST /api/auth/{way}/token-refresh"
    assert f"{door}: answered 200" in tried(matrix, name, copied=True)
