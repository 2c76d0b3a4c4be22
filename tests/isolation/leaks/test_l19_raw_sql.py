"""L19: raw SQL reaches another schema.

`tests/isolation/test_grants.py` tries every relation; this is the drill with a view
that is unsafe on purpose.
"""

import pytest
from django.db import ProgrammingError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from tenants.context import as_owner, use


def unsafe(request: HttpRequest) -> HttpResponse:
    """Answer with whatever the caller makes of the statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT username FROM accounts_user WHERE username = '{request.GET['q']}'"
        )
        return HttpResponse(", ".join(str(row[0]) for row in cursor.fetchall()))


def ask(injection: str) -> str:
    return unsafe(RequestFactory().get("/", {"q": injection})).content.decode()


def of(schema: str, table: str = "accounts_user", column: str = "email_norm") -> str:
    return f'\' UNION SELECT {column} FROM "{schema}".{table} --'


def test_an_injection_reads_its_own_tenant_at_most(acme, globex) -> None:
    with use(acme):
        assert "bob@acme.test" in ask(of(acme.schema_name))
        with pytest.raises(ProgrammingError, match="permission denied for schema"):
            ask(of(globex.schema_name))


@pytest.mark.parametrize("table", ["tenants_tenant", "tenants_domain", "accounts_user"])
def test_an_injection_reads_nothing_of_the_control_plane(acme, table) -> None:
    with use(acme), pytest.raises(ProgrammingError, match="permission denied"):
        ask(of("public", table, column="id::text"))


def test_an_injection_that_moves_the_path_reads_nothing_either(acme, globex) -> None:
    moved = ("' UNION SELECT set_config('search_path', 'globex', false) --").replace(
        "globex", globex.schema_name
    )
    with use(acme):
        ask(moved)
        assert "globex.test" not in str(ask(of(acme.schema_name)))
        with pytest.raises(ProgrammingError, match="permission denied"):
            ask(of(globex.schema_name))


def test_as_the_owner_of_all_schemas_the_same_injection_would_read_the_other(
    acme, globex
) -> None:
    """The negative control: so it is the role that refuses."""
    with use(as_owner(acme)):
        assert "mallory@globex.test" in ask(of(globex.schema_name))
