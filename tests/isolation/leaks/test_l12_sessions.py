"""L12: the session cookie of one host that opens a page of another, or of the console.

The user ids and the password hashes of both tenants are equal, so the hash that
Django binds a session to would be equal as well.
"""

import pytest
from django.contrib.sessions.models import Session
from psycopg import sql

from accounts.models import User
from tenants.context import use, use_control
from tenants.testing import rows
from tenants.testing.credentials import Held
from tenants.testing.matrix import Matrix
from tenants.testing.twins import Twin, mirror
from tests.isolation import defences
from tests.isolation.credentials import operator

PAGES = ("/", "/workflow/mywork/", "/leave/", "/admin/", "/admin/accounts/user/")
CONSOLE = ("/admin/", "/admin/tenants/tenant/")


@pytest.fixture
def held(matrix: Matrix) -> Held:
    """Return the session of acme's admin."""
    return matrix.plan.kind("session cookie").mint(matrix.twins.a, matrix.visit)


def opened(matrix: Matrix, held: Held, host: str, paths=PAGES) -> list[str]:
    """Return the pages that the session opens at a host."""
    found = []
    for path in paths:
        client = matrix.visit(host)
        client.cookies["sessionid"] = held.cookies["sessionid"]
        answer = client.get(path)
        if answer.status_code == 200 or answer.get("Location") == "/workflow/mywork/":
            found.append(path)
    return found


#: What a page's sign-in is made of: the session, and the row of its device.
SIGNED_IN = {"django_session": "{} > 0", "accounts_refreshsession": "user_id = {}"}


def copy_to_public(matrix: Matrix) -> None:
    """Put acme's sessions and devices among the operators', who have the same ids."""
    admin, theirs = operator(), matrix.twins.a
    with use(theirs.tenant):
        key, password = User.objects.values_list("pk", "password").get(username="admin")
    with use_control():
        admin.groups.clear()
        User.objects.filter(pk=admin.pk).update(id=key, password=password)
    for name, which in SIGNED_IN.items():
        there, here = (
            sql.Identifier(theirs.schema, name),
            sql.Identifier("public", name),
        )
        statement = sql.SQL(f"INSERT INTO {{}} SELECT * FROM {{}} WHERE {which}")
        rows.run(statement.format(here, there, sql.Literal(key)))


def test_the_session_opens_its_own_pages(matrix: Matrix, held):
    assert opened(matrix, held, matrix.twins.a.host) == list(PAGES)


def test_a_sibling_host_opens_nothing(matrix: Matrix, held):
    assert opened(matrix, held, matrix.twins.b.host) == []


def test_the_public_host_opens_nothing(matrix: Matrix, held):
    assert opened(matrix, held, "localhost", CONSOLE) == []


def test_a_sibling_host_opens_nothing_where_the_row_was_copied(matrix: Matrix, held):
    mirror(matrix.twins.a, matrix.twins.b, only=list(SIGNED_IN))
    assert kept_at(matrix.twins.b, held) == 1
    assert opened(matrix, held, matrix.twins.b.host) == []
    assert kept_at(matrix.twins.b, held) == 0
    assert opened(matrix, held, matrix.twins.a.host) == list(PAGES)


def kept_at(twin: Twin, held: Held) -> int:
    with use(twin.tenant):
        return Session.objects.filter(pk=held.cookies["sessionid"]).count()


def test_the_public_host_opens_nothing_where_the_row_was_copied(matrix: Matrix, held):
    copy_to_public(matrix)
    assert opened(matrix, held, "localhost", CONSOLE) == []


def test_the_session_of_somebody_who_typed_an_address_tells_no_other_host(
    matrix: Matrix,
):
    """An address that was typed waits in the session, before anybody signs in."""
    client = matrix.visit(matrix.twins.a.host)
    client.post("/accounts/forgot", {"email": "alice@acme.test"})
    assert "alice@acme.test" in client.get("/accounts/sign-in").text
    mirror(matrix.twins.a, matrix.twins.b, only=list(SIGNED_IN))
    sibling = matrix.visit(matrix.twins.b.host)
    sibling.cookies["sessionid"] = client.cookies["sessionid"].value
    assert "acme" not in sibling.get("/accounts/sign-in").text


def test_no_cookie_is_meant_for_a_sibling_host(matrix: Matrix, browser_of):
    client = browser_of("admin", matrix.twins.a.host)
    body = {"username": "admin", "password": "open"}
    client.post("/api/auth/web/sign-in", body, content_type="application/json")
    client.get("/accounts/forgot")
    assert {"sessionid", "csrftoken", "refresh"} <= set(client.cookies)
    assert {morsel["domain"] for morsel in client.cookies.values()} == {""}


# With the defences off


def off(patch: pytest.MonkeyPatch) -> None:
    defences.salts_off(patch)
    defences.session_owner_off(patch)


def test_with_the_owner_unasked_the_salts_still_refuse(matrix, held, monkeypatch):
    mirror(matrix.twins.a, matrix.twins.b, only=list(SIGNED_IN))
    defences.session_owner_off(monkeypatch)
    assert opened(matrix, held, matrix.twins.b.host) == []


def test_without_salts_the_owner_still_refuses(matrix, monkeypatch):
    defences.salts_off(monkeypatch)
    held = matrix.plan.kind("session cookie").mint(matrix.twins.a, matrix.visit)
    mirror(matrix.twins.a, matrix.twins.b, only=list(SIGNED_IN))
    assert opened(matrix, held, matrix.twins.b.host) == []


def test_without_both_the_leak_shows(matrix, monkeypatch):
    off(monkeypatch)
    held = matrix.plan.kind("session cookie").mint(matrix.twins.a, matrix.visit)
    assert opened(matrix, held, matrix.twins.b.host) == []
    mirror(matrix.twins.a, matrix.twins.b, only=list(SIGNED_IN))
    assert opened(matrix, held, matrix.twins.b.host) == list(PAGES)
    copy_to_public(matrix)
    assert opened(matrix, held, "localhost", CONSOLE) == list(CONSOLE)
