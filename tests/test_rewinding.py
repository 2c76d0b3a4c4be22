"""What a test commits is gone after it, whatever it was."""

from collections.abc import Callable

import psycopg
import pytest

from accounts.models import User
from tenants import provisioning
from tenants.context import use, use_control
from tenants.models import Tenant
from tests import databases

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clean() -> None:
    # A test that was rolled back has drawn numbers, and one before may be the last.
    databases.restore()


def everything() -> dict[tuple[str, str], bytes]:
    """Return every row there is, and the numbers that sequences give out next."""
    with databases.server(databases.working()) as there:
        memory = databases.Memory.of(there)
    numbers = {name: repr(value).encode() for name, value in memory.sequences.items()}
    return {**memory.rows, **numbers}


def change_rows(acme) -> None:
    with use(acme):
        User.objects.create_user("dave", "dave@acme.test")
        User.objects.filter(username="bob").update(first_name="Robert")
        User.objects.get(username="carol").delete()


def stop_a_tenant(acme) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(state="suspended")


def make_a_tenant(acme) -> None:
    provisioning.provision(
        slug="initech", name="Initech", owner_email="owner@initech.test", by="tests"
    )


def empty_a_table(acme) -> None:
    databases.run_there(f'TRUNCATE "{acme.schema_name}".accounts_mailmessage CASCADE')


def add_a_column(acme) -> None:
    databases.run_there("ALTER TABLE tenants_tenant ADD COLUMN note text")


def take_a_right(acme) -> None:
    databases.run_there(
        f'REVOKE USAGE ON SCHEMA "{acme.schema_name}" FROM "{acme.db_role}"'
    )


def close_the_database(acme) -> None:
    databases.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", databases.working())


def draw_a_number(acme) -> None:
    databases.run_there("SELECT nextval('tenants_domain_id_seq')")


ROWS = [change_rows, stop_a_tenant, draw_a_number]
MORE = [make_a_tenant, empty_a_table, add_a_column, take_a_right, close_the_database]


@pytest.mark.parametrize("change", [*ROWS, *MORE])
def test_what_is_changed_is_put_back_and_copied_only_where_rows_are_not_all(
    acme, monkeypatch, change: Callable[..., None]
) -> None:
    replace, replaced = databases.replace, []
    monkeypatch.setattr(
        databases, "replace", lambda: (replaced.append(change), replace())
    )
    before = everything()
    change(acme)
    databases.restore()
    assert everything() == before
    assert bool(replaced) == (change in MORE)


def test_what_another_session_holds_open_is_ended(acme) -> None:
    before = everything()
    with databases.server(databases.working()) as other:
        other.autocommit = False
        other.execute("UPDATE tenants_tenant SET name = 'mine'")
        databases.restore()
        assert everything() == before
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")


def test_a_row_that_is_put_back_can_be_changed_and_put_back_again(acme) -> None:
    before = everything()
    for _time in range(2):
        change_rows(acme)
        assert everything() != before
        databases.restore()
        assert everything() == before
