"""One tenant to one file.

    export(tenant, output=Path("acme.tenantry"), by="os:alice")

All rows are of one instant, read in one transaction as the tenant's role, so that no
other tenant's can be among them; what it costs depends on this tenant alone.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.storage import default_storage
from django.db import connection, transaction
from psycopg import IsolationLevel

from kernel import clock
from tenants import events, states
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.errors import MoveRefused
from tenants.models import SchemaTemplate, Tenant
from tenants.portability import catalog, copying, policies, stored
from tenants.portability.catalog import Count, Table
from tenants.portability.errors import FilesMissing
from tenants.portability.locks import alone
from tenants.portability.manifest import (
    CONTROL,
    FORMAT,
    SEQUENCES,
    VERSION,
    ControlPart,
    DomainPart,
    FeaturePart,
    FilePart,
    Manifest,
    OtherPart,
    QuotaPart,
    SequencePart,
    TablePart,
    Whose,
)
from tenants.portability.policies import Keep, Kind, Policy
from tenants.portability.progress import SILENT, Said
from tenants.portability.rows import shape
from tenants.portability.writing import (
    BLOCK,
    Entry,
    Writer,
    require_free,
    sha256_of,
    written,
)

NO_LIMIT: Final = "SET LOCAL statement_timeout TO 0"


@dataclass(frozen=True, slots=True)
class Taking:
    """What an export takes along, and how."""

    keep: Keep = Keep.ALL
    with_files: bool = True
    anonymised: bool = False
    #: The tenant was stopped for the file alone, which is all that stays of it.
    puts_away: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the control plane knows of the tenant."""

    info: TenantInfo
    whose: Whose
    control: ControlPart


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    path: Path
    manifest: Manifest
    bytes: int
    sha256: str


@dataclass(slots=True)
class Snapshot:
    """What was read of the tenant at one instant."""

    at: datetime
    postgresql: int
    tables: list[TablePart]
    sequences: dict[str, Count]
    migrations: list[tuple[str, str]]
    files: list[str]


def export(
    tenant: Tenant,
    *,
    output: Path,
    by: str,
    taking: Taking | None = None,
    key: Ed25519PrivateKey | None = None,
    said: Said = SILENT,
) -> Exported:
    """Write the tenant to a file and return what it holds.

    Raises MoveRefused where the tenant has no schema, FileThere where the file is
    there, FilesMissing where a row names a file that is not, and Busy.
    """
    chosen = taking or Taking()
    with use_control():
        info = tenant.info()
        require_schema(info)
    require_free(output)
    with alone(info.uuid):
        with use_control():
            control = control_of(tenant, puts_away=chosen.puts_away)
            known = Known(info, whose_of(tenant, info), control)
        with written(output) as file, Writer(file, at=clock.now()) as archive:
            manifest = filled(archive, known, chosen, said)
            archive.close(manifest, key=key)
        done = Exported(output, manifest, output.stat().st_size, sha256_of(output))
        note(info, done, by=by)
    return done


def require_schema(info: TenantInfo) -> None:
    if states.State(info.state) not in states.WITH_SCHEMA:
        raise MoveRefused(f"{info.slug} is {info.state}, so it has no data.")


def note(info: TenantInfo, done: Exported, *, by: str) -> None:
    """Write into the operators' book who took the data of a tenant out."""
    with use_control(), transaction.atomic():
        events.record(
            "tenant.exported",
            by=by,
            tenant=info.uuid,
            rows=done.manifest.rows,
            bytes=done.bytes,
            sha256=done.sha256,
            policy=done.manifest.policy.value,
        )


def filled(archive: Writer, known: Known, taking: Taking, said: Said) -> Manifest:
    """Write all entries but those about the others."""
    info = known.info
    found = snapshot(archive, info, taking, said)
    counts = {
        name: SequencePart(last=count.last, is_called=count.is_called).model_dump()
        for name, count in found.sequences.items()
    }
    others = [
        put(archive, SEQUENCES, json_of(counts)),
        put(archive, CONTROL, known.control.model_dump_json(indent=1).encode()),
    ]
    files, unreferenced = copy_files(archive, info, found.files, taking, said)
    return Manifest(
        format=FORMAT,
        version=VERSION,
        product=product(),
        tenant=known.whose,
        schema_rev=revision(found.migrations),
        migrations=tuple(found.migrations),
        postgresql=found.postgresql,
        snapshot_at=found.at,
        policy=taking.keep,
        anonymised=taking.anonymised,
        with_files=taking.with_files,
        tables=tuple(found.tables),
        files=tuple(files),
        others=tuple(others),
        unreferenced=tuple(unreferenced),
    )


def put(archive: Writer, name: Any, content: bytes) -> OtherPart:
    return OtherPart(name=name, bytes=len(content), sha256=archive.put(name, content))


def json_of(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()


def product() -> str:
    """Return name and version of what writes the archive."""
    try:
        return f"tenantry {metadata.version('tenantry')}"
    except metadata.PackageNotFoundError:
        return "tenantry"


# Rows


def reader(info: TenantInfo) -> TenantInfo:
    """Return who reads: the tenant, or the owner where its role is shut out.

    Either way nothing but this one schema stands in the path.
    """
    return info if states.is_open(info.state) else as_owner(info)


@contextmanager
def one_instant() -> Iterator[None]:
    """Have all that is read in the block be of one instant, and nothing written."""
    connection.ensure_connection()
    bare = connection.connection
    before = bare.isolation_level, bare.read_only
    bare.isolation_level, bare.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        with transaction.atomic():
            yield
    finally:
        if not bare.closed:
            bare.isolation_level, bare.read_only = before


def snapshot(archive: Writer, info: TenantInfo, taking: Taking, said: Said) -> Snapshot:
    """Read the whole tenant in one transaction that cannot write."""
    declared = policies.by_table()
    with use(reader(info)), one_instant():
        with connection.cursor() as cursor:
            cursor.execute(NO_LIMIT)
        at = clock.now()
        tables = catalog.tables()
        sequences = catalog.sequences()
        migrations = catalog.migrations()
        # A tenant that is behind its code may lack a table or a column.
        there = {(table.name, name) for table in tables for name in table.columns}
        files = catalog.named(
            pair for pair in stored.columns(declared) if pair in there
        )
        parts = copy_rows(archive, tables, declared, taking, said)
        return Snapshot(
            at=at,
            postgresql=connection.connection.info.server_version // 10_000,
            tables=parts,
            sequences=sequences,
            migrations=migrations,
            files=files,
        )


def copy_rows(
    archive: Writer,
    tables: Sequence[Table],
    declared: dict[str, Policy],
    taking: Taking,
    said: Said,
) -> list[TablePart]:
    """Write the rows of all tables, and an empty entry for each that stays here."""
    entries: dict[str, Entry] = {}
    opened: list[Entry] = []

    def kind(table: Table) -> Kind:
        policy = declared.get(table.name)
        return policy.kind if policy else Kind.DATA

    def begin(table: Table) -> Any:
        end_last()
        said(table.name, len(entries), len(tables))
        entry = entries[table.name] = archive.entry(f"data/{table.name}.copy")
        opened.append(entry)
        shaped = shape(
            table,
            declared.get(table.name, Policy(Kind.DATA)),
            has_secrets=taking.keep.has_credentials,
            masked=taking.anonymised,
        )
        return partial(entry.line, shaped)

    def end_last() -> None:
        while opened:
            opened.pop().end()

    copying.out([t for t in tables if kind(t) in taking.keep.kinds], begin)
    end_last()
    for table in tables:
        if table.name not in entries:
            begin(table)
    end_last()
    return [
        TablePart(
            name=table.name,
            columns=table.columns,
            policy=kind(table).value,
            rows=entries[table.name].rows,
            bytes=entries[table.name].size,
            sha256=entries[table.name].sha256,
        )
        for table in tables
    ]


# Files


def copy_files(
    archive: Writer,
    info: TenantInfo,
    names: Sequence[str],
    taking: Taking,
    said: Said,
) -> tuple[list[FilePart], list[str]]:
    """Copy the files that rows name; return them, and what no row names."""
    if not taking.with_files:
        return [], []
    with use(reader(info)):
        copied = []
        for done, name in enumerate(names):
            said(name, done, len(names))
            copied.append(copy_file(archive, name))
        rest = sorted(set(stored.walk()) - set(names))
    return copied, rest


def copy_file(archive: Writer, name: str) -> FilePart:
    """Copy one file. Raises FilesMissing."""
    if not stored.is_there(name):
        raise FilesMissing(f"A row names the file {name!r}, and it is not there.")
    entry = archive.entry(f"files/{name}")
    with default_storage.open(name) as file:
        while block := file.read(BLOCK):
            entry.write(block)
    entry.end()
    return FilePart(name=name, bytes=entry.size, sha256=entry.sha256)


# The control plane


def whose_of(tenant: Tenant, info: TenantInfo) -> Whose:
    return Whose(
        uuid=info.rows_uuid,  # what a shadow holds is its live tenant's
        slug=tenant.slug,
        name=tenant.name,
        locale=tenant.locale,
        timezone=tenant.timezone,
        plan=tenant.plan.code if tenant.plan else "",
    )


def control_of(tenant: Tenant, *, puts_away: bool = False) -> ControlPart:
    """Return what the control plane knows of the tenant and of nobody else."""
    return ControlPart(
        domains=tuple(
            DomainPart(domain=d.domain, kind=d.kind, is_primary=d.is_primary)
            for d in tenant.domains.filter(verified_at__isnull=False)
        ),
        quotas=tuple(
            QuotaPart(resource=q.resource, limit=q.limit, hard=q.hard)
            for q in tenant.own_quotas.all()
        ),
        features=tuple(
            FeaturePart(code=f.code, value=f.value) for f in tenant.own_features.all()
        ),
        state=states.State.ARCHIVED if puts_away else states.State(tenant.state),
        trial_ends_at=tenant.trial_ends_at,
    )


def revision(migrations: Sequence[tuple[str, str]]) -> str:
    """Return the revision that these migrations make; empty where none is known."""
    wanted = sorted(map(list, migrations))
    with use_control():
        rows = SchemaTemplate.objects.values_list("revision", "migrations")
        return next((name for name, made in rows if sorted(made) == wanted), "")
