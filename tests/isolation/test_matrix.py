"""Nothing that somebody holds of one tenant opens a door of another (KIT-1 to KIT-3).

Both twins have the same names, hashes and primary keys, so only the tenant tells them
apart. Doors are read from the OpenAPI documents and the URLconfs: a new one is walked
without being named here.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import psycopg
import pytest

from tenants.testing.credentials import Held, Kind
from tenants.testing.doors import VERBS, Door
from tenants.testing.matrix import Matrix
from tenants.testing.twins import differences, mirror, translations, unmarked
from tests import databases
from tests.isolation.credentials import KINDS, OF_CONTROL, session_cookie

NAMES = [kind.name for kind in KINDS]
#: Walk every page also in the short form; the others leave most of the admin out.
SESSIONS = {"session cookie", "operator session"}
AT_ONCE = ("access token", "session cookie", "refresh cookie", "invitation link")


@pytest.fixture(autouse=True)
def _nobody_waits_for_a_worker(monkeypatch):
    """Let the probe of development answer at once: there is no worker here."""
    monkeypatch.setattr("config.health.worker_answers", lambda **_: False)


# The twins


def test_the_tenants_of_all_tests_have_equal_keys_sequences_and_hashes(acme, globex):
    keys = "SELECT id, username, password FROM {}.accounts_user ORDER BY id"
    with databases.server(databases.clean()) as clean:
        schemas = acme.schema_name, globex.schema_name
        people = [clean.execute(keys.format(schema)).fetchall() for schema in schemas]
        assert unlike(clean, *schemas) == []
    assert [row[1:] for row in people[0][1:]] == [row[1:] for row in people[1][1:]]
    assert len(people[0]) == 7


def unlike(clean: psycopg.Connection, one: str, other: str) -> list[str]:
    """Compare as the kit does, in the database that every test begins with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "tenants.testing.rows.ask",
            lambda statement, values=(): clean.execute(statement, values).fetchall(),
        )
        return differences(one, other)


def test_twins_have_the_same_numbers_in_every_table(twins):
    assert differences(twins.a.schema, twins.b.schema) == []


def test_a_number_that_only_one_twin_has_is_a_difference(twins, person):
    from tenants.context import use

    with use(twins.b.tenant):
        person("alice", twins.b.tenant).challenges.first().delete()
    assert differences(twins.a.schema, twins.b.schema) == ["accounts_challenge"]


def test_every_text_of_the_twins_holds_the_marker_or_says_why_not(
    twins, isolation_plan
):
    assert unmarked(twins.a, isolation_plan.kept) == []
    assert unmarked(twins.b, isolation_plan.kept) == []
    assert "accounts.User.password" in unmarked(twins.a, {})


# The matrix


ADVICE = (
    "Let the door ask who is there (login_required, auth=TenantAuth()), or say in"
    " tests/isolation/plan.py, OPEN, why it is open."
)


def assert_none(found: Sequence[object]) -> None:
    assert not found, "\n".join([*map(str, found), ADVICE])


def test_every_open_door_is_written_down_with_a_reason(matrix: Matrix):
    doors = matrix.doors()
    assert len(doors) > 240
    assert_none(matrix.problems(doors))


@pytest.mark.parametrize("name", NAMES)
def test_no_door_opens_to_what_somebody_holds_of_another_tenant(
    matrix: Matrix, name: str
):
    kind, held = minted(matrix, name)
    doors = foreign(name, matrix.doors())
    if name not in SESSIONS:
        doors = [door for door in doors if not is_many(door)]
    assert_none(matrix.walk(kind, held, doors))
    assert matrix.at_home(kind, held, matrix.twins.a) == expected(kind)


def test_no_page_opens_to_all_of_it_at_once(matrix: Matrix):
    everything = reduce(together, (minted(matrix, name)[1] for name in AT_ONCE))
    pages = [door for door in matrix.doors(("get", "post")) if not door.is_operation]
    assert len(pages) > 380
    assert_none(matrix.walk(Kind("all at once", session_cookie), everything, pages))


@pytest.mark.long_isolation
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["there", "back"])
def test_no_door_opens_by_any_verb_in_either_direction(matrix: Matrix, name, way):
    if way == "back":
        matrix = replace(matrix, twins=matrix.twins.swapped())
    kind, held = minted(matrix, name)
    doors = foreign(name, matrix.doors(VERBS))
    assert matrix.walk(kind, held, doors, one_by_one=True) == []
    assert matrix.at_home(kind, held, matrix.twins.a) == expected(kind)


@pytest.mark.long_isolation
@pytest.mark.parametrize("name", NAMES)
def test_no_door_opens_even_where_the_rows_were_copied(matrix: Matrix, name: str):
    """Whoever gets rows from one schema into another still opens nothing there."""
    kind, held = minted(matrix, name)
    mirror(matrix.twins.a, matrix.twins.b)
    held = held.as_mirrored(translations(matrix.twins.a, matrix.twins.b))
    found = matrix.walk(kind, held, foreign(name, matrix.doors()))
    # A session that was carried over is ended where it turns up.
    assert [one for one in found if "django_session" not in one.what] == []


def minted(matrix: Matrix, name: str) -> tuple[Kind, Held]:
    kind = matrix.plan.kind(name)
    return kind, kind.mint(matrix.twins.a, matrix.visit)


def together(one: Held, other: Held) -> Held:
    return Held(
        headers={**one.headers, **other.headers},
        cookies={**one.cookies, **other.cookies},
        fields={**one.fields, **other.fields},
        known={**one.known, **other.known},
    )


def foreign(name: str, doors: list[Door]) -> list[Door]:
    """Return the doors at which a kind is not at home."""
    if name in OF_CONTROL:
        return [door for door in doors if door.site == "tenant"]
    return doors


def is_many(door: Door) -> bool:
    """Tell whether a door is one of an admin's hundred, all guarded alike, or slow."""
    is_admin = door.path.startswith("/admin/") and "/user/" not in door.path
    return is_admin or door.path == "/api/openapi.json"


def expected(kind: Kind) -> int | None:
    return kind.works.status if kind.works else None
