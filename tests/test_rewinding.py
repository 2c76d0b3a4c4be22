"""What a test commits is gone after it, whatever it was."""

from collections.abc import Callable

import psycopg
import pytest

from accounts.models import User
from tenants import provisioning, states
from tenants.context import use, use_control
from tenants.models import Tenant
from tests import databases
from tests.rewinding import FEW

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
        f'REVOKE INSERT ON "{acme.schema_name}".auth_group FROM "{acme.db_role}"'
    )


def close_the_database(acme) -> None:
    databases.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", databases.working())


def draw_a_number(acme) -> None:
    databases.run_there("SELECT nextval('tenants_domain_id_seq')")


def move_a_tenant(acme) -> None:
    """Also write into a book that is only written forward."""
    with use_control():
        row = Tenant.objects.get(slug="acme")
    states.change_state(row, states.State.SUSPENDED, reason="Unpaid.", by="tests")


def make_many_tenants(acme) -> None:
    for n in range(FEW + 1):
        provisioning.provision(
            slug=f"many-{n}", name="Many", owner_email="o@many.test", by="tests"
        )


ROWS = [change_rows, stop_a_tenant, draw_a_number, move_a_tenant, make_a_tenant]
MORE = [
    make_many_tenants,
    empty_a_table,
    add_a_column,
    take_a_right,
    close_the_database,
]


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


def test_a_book_is_only_written_forward_afterwards_too(acme) -> None:
    for _time in range(2):
        move_a_tenant(acme)
        databases.restore()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        databases.run_there("DELETE FROM tenants_operatorevent")


def test_of_a_tenant_that_was_made_no_role_is_left(acme) -> None:
    before = databases.roles_of(databases.working())
    make_a_tenant(acme)
    (role,) = databases.roles_of(databases.working()) - before
    databases.restore()
    with databases.server("postgres") as there:
        asked = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        assert there.execute(asked, [role]).fetchone() is None


def test_a_row_that_is_put_back_can_be_changed_and_put_back_again(acme) -> None:
    before = everything()
    for _time in range(2):
        change_rows(acme)
        assert everything() != before
        databases.restore()
        assert everything() == before
