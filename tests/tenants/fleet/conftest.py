"""A tenant's app with migrations that a test writes: `moves(ten_columns=TEN)`."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.models import User
from leave import migrations as real
from leave.models import LeaveRequest
from tenants import fleet
from tenants.context import TenantInfo, use, use_control
from tenants.fleet import revisions, scripts, templates
from tenants.fleet.orders import Order, Outcome, Report, Told
from tenants.models import MigrationLedger, MigrationPlan, SchemaTemplate, Tenant
from tests.databases import server, working

HEAD = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("leave", {before!r})]
"""
#: What became of migrations that several tests write, by their revision.
compiled: dict[str, dict[str, Any]] = {}
#: No test waits: a lock is not to be had at once, and it is tried again at once.
HASTE = {
    "lock_timeout_ms": 30,
    "build_lock_timeout_ms": 60,
    "pauses": (0.0, 0.0),
}

Moves = Callable[..., None]
Run = Callable[..., Report]


@pytest.fixture
def moves(settings, tmp_path_factory, monkeypatch) -> Iterator[Moves]:
    """Return what adds migrations to the app `leave`: a body by a name, in order."""
    folder = tmp_path_factory.mktemp("moves")
    package = folder / f"moved_{folder.name.replace('-', '_')}"
    package.mkdir()
    (package / "__init__.py").touch()
    for path in Path(real.__file__).parent.glob("0*.py"):
        (package / path.name).write_text(path.read_text())
    monkeypatch.syspath_prepend(str(folder))
    written = ["0001_initial"]

    def write(**bodies: str) -> None:
        for name, body in bodies.items():
            named = f"{len(written) + 1:04}_{name}"
            text = HEAD.format(before=written[-1]) + indented(body)
            (package / f"{named}.py").write_text(text)
            written.append(named)
        settings.MIGRATION_MODULES = {"leave": package.name}
        importlib.invalidate_caches()
        revisions.of_code.cache_clear()

    yield write
    revisions.of_code.cache_clear()
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())


@pytest.fixture(autouse=True)
def _templates_are_compiled_once(request, monkeypatch) -> None:
    """Keep what tests that write the same migrations would all compile."""
    truly = templates.compile_template
    if "compiled_anew" in request.fixturenames:
        return

    def known() -> SchemaTemplate:
        revision, there = revisions.of_code(), templates.find()
        if there is None and revision in compiled:
            with use_control():
                return templates.kept(**compiled[revision])
        made = there or truly()
        compiled.setdefault(
            revision,
            {
                "script": made.script,
                "rows": made.seeds,
                "migrations": made.migrations,
                "numbers": made.numbers,
            },
        )
        return made

    monkeypatch.setattr(templates, "compile_template", known)


@pytest.fixture
def compiled_anew() -> None:
    """Have templates compiled as they are outside of these tests."""


@pytest.fixture
def run() -> Run:
    """Return what goes through the fleet, in haste."""

    def go(told: Told | None = None, **options: object) -> Report:
        return fleet.run(Order(**{**HASTE, **options}), by="tests", told=told)

    return go


@pytest.fixture
def crowd() -> Callable[[int], list[TenantInfo]]:
    """Return a maker of more tenants, without people: more-0, more-1, ..."""

    def make(number: int) -> list[TenantInfo]:
        template = fleet.find_template()
        assert template is not None
        made = []
        for n in range(number):
            with use_control():
                tenant = Tenant.objects.create(slug=f"more-{n}", state="active").info()
            fleet.build(tenant, template)
            made.append(tenant)
        return made

    return make


def poison(tenant: TenantInfo, *reasons: str) -> None:
    """Leave rows that a migration cannot take."""
    with use(tenant):
        user = User.objects.first()
        for reason in reasons or ("ill",):
            LeaveRequest.objects.create(
                requester=user,
                kind="sick",
                start_date="2026-01-01",
                end_date="2026-01-02",
                reason=reason,
            )


@contextmanager
def busy(tenant: TenantInfo) -> Iterator[psycopg.Connection]:
    """Yield a connection that writes requests of a tenant, and does not come to an end.

    It ends by itself before a test that waits for it forever is a test that hangs.
    """
    with server(working()) as other:
        other.execute("SET idle_in_transaction_session_timeout = '20s'")
        other.autocommit = False
        table = f"{tenant.schema_name}.leave_leaverequest"
        other.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
        yield other


def script_of(tenant: TenantInfo) -> scripts.Script:
    with use_control():
        return scripts.read([tenant.schema_name])[tenant.schema_name]


def plans() -> list[MigrationPlan]:
    """Return the plans that had something to do, the oldest first."""
    with use_control():
        rows = MigrationPlan.objects.exclude(migrations=[]).order_by("created_at")
        return list(rows)


def entries(tenant: TenantInfo) -> list[tuple[str, str, str]]:
    """Return state, mode and error of a tenant's entries, without the idle ones."""
    with use_control():
        rows = MigrationLedger.objects.filter(tenant__uuid=tenant.uuid)
        rows = rows.exclude(plan__migrations=[]).order_by("pk")
        return list(rows.values_list("state", "mode", "error_code"))


def columns(tenant: TenantInfo, table: str = "leave_leaverequest") -> list[object]:
    """Return the names of the columns that a test added."""
    rows = asked(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attname ~ '^(extra|differs)' AND NOT attisdropped ORDER BY attnum",
        f"{tenant.schema_name}.{table}",
    )
    return [name for (name,) in rows]


def outcome(report: Report, tenant: TenantInfo) -> Outcome:
    return report.outcomes[tenant.uuid]


def ended(report: Report) -> dict[str, tuple[str, str | None]]:
    """Return state and mode of each tenant, by slug."""
    return {
        one.tenant.slug: (one.state.value, one.mode.value if one.mode else None)
        for one in report.outcomes.values()
    }


def asked(statement: str, *values: object) -> list[tuple[object, ...]]:
    with use_control(), connection.cursor() as cursor:
        return list(cursor.execute(statement, values).fetchall())


def row(tenant: TenantInfo) -> Tenant:
    with use_control():
        return Tenant.objects.get(uuid=tenant.uuid)
