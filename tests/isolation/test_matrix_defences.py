"""Each defence has a negative control: with it off, the kit finds the leak (KIT-6).

Where two defences hold one door, both are off. That the same deed with all defences on
is no leak stands beside it; for credentials in the matrix and in leaks/.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import shared_task
from django.core.cache import cache, caches
from django.core.cache.backends.base import default_key_func
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from config.admin import OperatorAdmin
from leave.models import LeaveRequest
from tenants import directory, stamp, storage
from tenants.celery import TenantTask
from tenants.context import use
from tenants.db import base
from tenants.directory import Found
from tenants.testing import rows
from tenants.testing.canary import watching
from tenants.testing.matrix import Matrix
from tenants.testing.twins import Twins, mirror, translations
from tests.isolation import defences
from tests.isolation.credentials import signed_in

Switch = pytest.MonkeyPatch


def findings(matrix: Matrix, name: str, *, copied: tuple[str, ...]) -> list[str]:
    """Return what the matrix finds with one kind, where these tables were copied."""
    kind = matrix.plan.kind(name)
    held = kind.mint(matrix.twins.a, matrix.visit)
    if copied:
        mirror(matrix.twins.a, matrix.twins.b, only=copied)
        held = held.as_mirrored(translations(matrix.twins.a, matrix.twins.b))
    wanted = kind.works.path if kind.works else ""
    doors = [door for door in matrix.doors(("get", "post")) if door.path == wanted]
    assert doors != []
    return [str(one) for one in matrix.walk(kind, held, doors)]


CHALLENGES = ("accounts_challenge", "accounts_user", "accounts_user_groups")
#: The kinds with what turns their defences off, and the rows that go with them.
KINDS: dict[str, tuple[tuple[Callable[[Switch], None], ...], tuple[str, ...]]] = {
    "access token": ((defences.claim_off,), ("accounts_refreshsession",)),
    "refresh token": ((defences.salts_off,), ("accounts_refreshsession",)),
    "refresh cookie": ((defences.salts_off,), ("accounts_refreshsession",)),
    "session cookie": (
        (defences.salts_off, defences.session_owner_off),
        ("django_session", "accounts_refreshsession"),
    ),
    "API token": ((defences.salts_off,), ("accounts_apitoken",)),
    "service token": (
        (defences.salts_off,),
        ("accounts_apitoken", "accounts_user", "accounts_user_user_permissions"),
    ),
    "reset code": ((defences.salts_off,), CHALLENGES),
    "reset ticket": ((defences.salts_off,), CHALLENGES),
    "registration code": ((defences.salts_off,), CHALLENGES),
    "invitation link": ((defences.salts_off,), CHALLENGES),
    "owner entry link": ((defences.salts_off,), CHALLENGES),
    "signed file address": ((defences.salts_off, defences.file_host_off), ()),
}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_without_its_defence_the_matrix_finds_the(matrix: Matrix, monkeypatch, name):
    off, copied = KINDS[name]
    with use(matrix.twins.b.tenant):
        default_storage.save("letter.txt", ContentFile("Hello"))
    for switch in off:
        switch(monkeypatch)
    found = findings(matrix, name, copied=copied)
    assert [one for one in found if " answered " in one] != []


# What the canaries find


@contextmanager
def seen(twins: Twins) -> Iterator[list[str]]:
    """Give a list that holds, after the block, what leaked."""
    found: list[str] = []
    with watching(twins, is_strict=False) as watch:
        yield found
    watch.look_at_rows()
    found += sorted({str(leak) for leak in watch.leaks})


@pytest.fixture
def admin_of_b(matrix: Matrix) -> Callable[[str], int]:
    """Return a visit of globex's admin to a page; it answers the status."""
    browser = matrix.visit(matrix.twins.b.host)
    held = signed_in("admin", browser)
    assert held.cookies
    return lambda path: browser.get(path).status_code


IN_BODY = "answer's body: something of acme reaches globex"


def test_without_the_search_path_the_canaries_sing(matrix: Matrix, monkeypatch: Switch):
    twins, stranger = matrix.twins, matrix.visit(matrix.twins.b.host).get
    with seen(twins) as found:
        assert twins.b.marker in stranger("/accounts/sign-in").text
    assert found == []
    told, wrong = base.told, {twins.b.tenant: twins.a.tenant}
    monkeypatch.setattr(base, "told", lambda context: told(wrong.get(context, context)))
    monkeypatch.setattr(base.DatabaseWrapper, "_require_proof", lambda *_: None)
    connection._applied = None
    with watching(twins, is_strict=False) as watch:
        stranger("/accounts/sign-in")
    assert IN_BODY in map(str, watch.leaks)
    monkeypatch.undo()
    connection._applied = None


def test_without_the_role_a_raw_statement_makes_the_canaries_sing(
    twins: Twins, monkeypatch: Switch
):
    statement = f'SELECT reason FROM "{twins.a.schema}".leave_leaverequest'

    def read() -> None:
        with use(twins.b.tenant), transaction.atomic(), connection.cursor() as cursor:
            cache.set("read", cursor.execute(statement).fetchall())

    def told(context: Any) -> list[str | None]:
        """Enter each schema as who owns them all."""
        path, _role, *others = meant(context)
        return [path, base.CONTROL.db_role, *others]

    meant = base.told
    with seen(twins) as found, pytest.raises(ProgrammingError, match="denied"):
        read()
    assert found == []
    monkeypatch.setattr(base, "told", told)
    connection._applied = None
    with seen(twins) as found:
        read()
    assert found == ["cache, put in: something of acme reaches globex"]
    monkeypatch.undo()
    connection._applied = None


def test_without_the_stamp_the_canaries_sing(twins: Twins, monkeypatch: Switch):
    def carry() -> None:
        with use(twins.a.tenant):
            request = LeaveRequest.objects.order_by("pk").first()
        with use(twins.b.tenant):
            request.save()

    with seen(twins) as found, pytest.raises(stamp.WrongTenantError):
        carry()
    assert found == []
    monkeypatch.setattr(stamp, "check", lambda instance: None)
    with seen(twins) as found:
        carry()
    assert found == ["rows of leave_leaverequest: something of acme reaches globex"]


def test_without_the_uuid_in_the_key_the_canaries_sing(
    twins: Twins, monkeypatch: Switch
):
    def greet() -> None:
        for twin in twins:
            with use(twin.tenant):
                cache.get_or_set("greeting", lambda: f"Hello {twin.marker}")  # noqa: B023 - called at once

    with seen(twins) as found:
        greet()
    assert found == []
    monkeypatch.setattr(caches["default"], "key_func", default_key_func)
    with seen(twins) as found:
        greet()
    assert found == ["cache, taken out: something of acme reaches globex"]


def test_without_the_prefix_of_a_file_the_canaries_sing(
    twins: Twins, monkeypatch: Switch
):
    def share() -> None:
        with use(twins.a.tenant):
            default_storage.save("a.txt", ContentFile(twins.a.marker))
        with use(twins.b.tenant), default_storage.open("a.txt"):
            pass

    with seen(twins) as found, pytest.raises(FileNotFoundError):
        share()
    assert found == []
    monkeypatch.setattr(storage.TenantStorage, "prefix", lambda _: "shared")
    with seen(twins) as found:
        share()
    assert found == ["file, taken out: something of acme reaches globex"]


@shared_task(name="tests.canary_ask")
def ask(words: str) -> None:
    """Stand for a task that writes what it was told."""
    LeaveRequest.objects.update(reason=words)


def test_without_the_header_of_a_message_the_canaries_sing(
    twins: Twins, monkeypatch: Switch
):
    def publish() -> None:
        with use(twins.a.tenant):
            ask.apply([twins.a.marker])

    with seen(twins) as found:
        publish()
    assert found == []
    other = defences.instead(twins.b.tenant)
    monkeypatch.setattr(TenantTask, "judge", other)
    with seen(twins) as found:
        publish()
    assert found == [
        "rows of leave_leaverequest: something of acme reaches globex",
        "task's run: something of acme reaches globex",
    ]


def test_without_the_filter_of_rows_the_canaries_sing(
    twins: Twins, monkeypatch: Switch, admin_of_b
):
    """A row that was carried into a schema keeps the stamp of whose it was."""
    statement = "UPDATE {} SET tenant_id = {}, title = {} WHERE id = 1"
    rows.run(
        sql.SQL(statement).format(
            sql.Identifier(twins.b.schema, "workflow_processinstance"),
            sql.Literal(str(twins.a.tenant.uuid)),
            sql.Literal(twins.a.marker),
        )
    )
    with watching(twins, is_strict=False) as watch:
        assert admin_of_b("/workflow/myrequests/") == 200
        assert admin_of_b("/workflow/instances/1/") == 404
    assert watch.leaks == []
    defences.rows_filter_off(monkeypatch)
    with watching(twins, is_strict=False) as watch:
        assert admin_of_b("/workflow/myrequests/") == 200
    assert IN_BODY in map(str, watch.leaks)


def test_without_the_look_up_of_the_host_the_canaries_sing(
    matrix: Matrix, monkeypatch: Switch
):
    twins = matrix.twins
    with seen(twins) as found:
        matrix.visit(twins.b.host).get("/accounts/sign-in")
    assert found == []
    wrong = Found(twins.a.tenant)
    monkeypatch.setattr(directory, "find", lambda host: wrong)
    with seen(twins) as found:
        matrix.visit(twins.b.host).get("/accounts/sign-in")
    assert found == [IN_BODY]


def test_without_the_guard_of_the_console_the_matrix_finds_it(
    matrix: Matrix, monkeypatch: Switch
):
    kind = matrix.plan.kind("session cookie")
    held = kind.mint(matrix.twins.a, matrix.visit)
    doors = [
        door
        for door in matrix.doors()
        if door.site == "public" and door.path == "/admin/"
    ]
    assert matrix.walk(kind, held, doors) == []
    monkeypatch.setattr(OperatorAdmin, "has_permission", lambda site, request: True)
    assert matrix.walk(kind, held, doors) != []
