"""L13: a code, ticket or link that was mailed by one tenant and counts at another.

Reset code and ticket, registration code, invitation and the owner's way in. The matrix
walks every door with each; here somebody also got the rows that they are compared with
into the other schema.
"""

import pytest

from accounts.models import User
from tenants.context import use
from tenants.testing.credentials import Held, Kind
from tenants.testing.matrix import Matrix
from tenants.testing.twins import Twin, mirror, translations
from tests.isolation import defences

CODES = ("reset code", "registration code")
TICKETS = ("reset ticket", "invitation link", "owner entry link")


def minted(matrix: Matrix, name: str) -> tuple[Kind, Held]:
    kind = matrix.plan.kind(name)
    return kind, kind.mint(matrix.twins.a, matrix.visit)


def tried(matrix: Matrix, kind: Kind, held: Held) -> list[str]:
    """Return what opens at globex: all doors at which one could bring such a thing."""
    doors = [
        door
        for door in matrix.doors()
        if door.site == "tenant" and matrix.plan.entry(door) is not None
    ]
    assert len(doors) > 20
    return [str(finding) for finding in matrix.walk(kind, held, doors)]


@pytest.mark.parametrize("name", CODES + TICKETS)
def test_what_was_mailed_counts_nowhere_else_even_where_the_rows_were_copied(
    matrix: Matrix, name
):
    kind, held = minted(matrix, name)
    held = copy(matrix, held)
    before = people(matrix.twins.b)
    assert tried(matrix, kind, held) == []
    assert known(matrix.twins.b, before) == before


def people(twin: Twin) -> list[tuple[object, ...]]:
    columns = ("pk", "password", "email_verified_at", "token_version", "is_active")
    with use(twin.tenant):
        return list(User.objects.order_by("pk").values_list(*columns))


def known(twin: Twin, before: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return the people who were there before; registering is open to anybody."""
    return people(twin)[: len(before)]


@pytest.mark.parametrize("name", ["reset code", "invitation link"])
def test_without_salts_and_with_the_row_copied_the_leak_shows(
    matrix: Matrix, monkeypatch, name
):
    defences.salts_off(monkeypatch)
    kind, held = minted(matrix, name)
    found = tried(matrix, kind, copy(matrix, held))
    opens = "change-password" if name in TICKETS else "verify-code"
    door = f"{name} at POST /api/accounts/{opens}"
    assert [one for one in found if one.startswith(door)] != []


def copy(matrix: Matrix, held: Held) -> Held:
    """Put acme's challenges and their people into globex, under globex's addresses."""
    tables = ("accounts_challenge", "accounts_user", "accounts_user_groups")
    mirror(matrix.twins.a, matrix.twins.b, only=tables)
    return held.as_mirrored(translations(matrix.twins.a, matrix.twins.b))
