"""Put a tenant away: to a file that was read again, and then out of the database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.models import Func, TextField
from psycopg import sql

from kernel import clock
from tenants import events, roles
from tenants.context import as_owner, use, use_control
from tenants.errors import MoveRefused
from tenants.models import ProvisioningRun, Tenant
from tenants.portability import catalog, expected
from tenants.portability.errors import ArchiveChecksum, ArchiveMissing
from tenants.portability.export import Exported, Taking, export
from tenants.portability.importing import run as run_import
from tenants.portability.orders import ImportOrder, Wish, decided
from tenants.portability.progress import SILENT, Said
from tenants.portability.reading import opened
from tenants.portability.storing import empty_storage
from tenants.portability.writing import sha256_of
from tenants.states import MOVES, State, change_state

NAME: Final = TextField()


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of a tenant that was put away."""

    tenant: Tenant
    exported: Exported


def archive(
    tenant: Tenant,
    *,
    output: Path,
    by: str,
    key: Ed25519PrivateKey | None = None,
    said: Said = SILENT,
) -> Archived:
    """Export the tenant, read the file again, and drop schema and files.

    The tenant is stopped first, so that nothing is written after what was exported;
    where the export fails it is as before. Raises MoveRefused and the errors of
    `export`.
    """
    with use_control():
        row = Tenant.objects.get(pk=tenant.pk)
        before = require_movable(row)
        stopped = stop(row, by=by)
    try:
        quiet(stopped)
        taking = Taking(puts_away=True)
        done = export(stopped, output=output, by=by, taking=taking, key=key, said=said)
        verify(done, said)
    except Exception:
        with use_control():
            go_on(stopped, before, by=by)
        raise
    with use_control():
        put_away(stopped, done, by=by)
        drop(stopped)
        stopped.refresh_from_db()
    return Archived(stopped, done)


def require_movable(tenant: Tenant) -> State:
    """Return the tenant's state, if an archive can be made of it.

    Not where a shadow holds the same data: that would stay. Raises MoveRefused.
    """
    state = State(tenant.state)
    if State.ARCHIVED not in MOVES[state] or tenant.shadow_of_id is not None:
        word = "a shadow" if tenant.shadow_of_id else state.value
        raise MoveRefused(f"{tenant} is {word}, so this is refused.")
    beside = [str(one) for one in tenant.shadows.exclude(state=State.PURGED)]
    if beside:
        raise MoveRefused(f"Purge the shadows of {tenant} first: {', '.join(beside)}.")
    return state


def stop(tenant: Tenant, *, by: str) -> Tenant:
    if tenant.state == State.SUSPENDED:
        return tenant
    return change_state(tenant, State.SUSPENDED, reason="Being archived.", by=by)


def go_on(tenant: Tenant, before: State, *, by: str) -> None:
    if before != State.SUSPENDED:
        change_state(tenant, before, reason="It was not archived.", by=by)


def quiet(tenant: Tenant) -> None:
    """Wait for those who were writing when the tenant was stopped."""
    with use(as_owner(tenant)), transaction.atomic():
        names = [sql.Identifier(table.name) for table in catalog.tables()]
        with connection.cursor() as cursor:
            whole = sql.SQL("LOCK TABLE {} IN SHARE MODE").format(
                sql.SQL(", ").join(names)
            )
            cursor.execute(whole)


def verify(done: Exported, said: Said = SILENT) -> None:
    """Read the file that was written as if a stranger had brought it."""
    with opened(done.path) as found:
        expected.require_known(found.manifest)
        found.verify(said)
        expected.require_recorded(found)
    if sha256_of(done.path) != done.sha256:
        raise ArchiveChecksum


def put_away(tenant: Tenant, done: Exported, *, by: str) -> None:
    """Write down where the tenant is, before what it was goes. Raises MoveRefused."""
    with transaction.atomic():
        require_untouched(tenant)
        moved = change_state(tenant, State.ARCHIVED, reason="Archived.", by=by)
        moved.archive = {
            "path": str(done.path.resolve()),
            "sha256": done.sha256,
            "bytes": done.bytes,
            "rows": done.manifest.rows,
            "at": clock.iso(clock.now()),
        }
        moved.save(update_fields=["archive"])
        events.record(
            "tenant.archive_written", by=by, tenant=moved.uuid, **moved.archive
        )


def require_untouched(stopped: Tenant) -> None:
    """Require the tenant as it was stopped. Raises MoveRefused.

    Where somebody let it work or swapped it meanwhile, its schema holds more than the
    file does.
    """
    row = Tenant.objects.select_for_update().get(pk=stopped.pk)
    if (row.state, row.state_since, row.schema_name) != (
        stopped.state,
        stopped.state_since,
        stopped.schema_name,
    ):
        raise MoveRefused(
            f"{row} was moved while it was written to the file, so it is not archived."
        )


def drop(tenant: Tenant) -> None:
    """Drop what the archive stands for; may be repeated."""
    info = tenant.info()
    empty_storage(info)
    roles.remove(info)


def drop_left_over() -> int:
    """Drop what a process left that died between writing down and dropping.

    Needs the control context; returns how many tenants there were. One that is being
    brought back is passed by.
    """
    coming = ProvisioningRun.objects.filter(state__in=ProvisioningRun.OPEN)
    archived = Tenant.objects.filter(state=State.ARCHIVED).alias(
        there=Func("schema_name", function="to_regnamespace", output_field=NAME)
    )
    left = list(
        archived.filter(there__isnull=False).exclude(
            uuid__in=coming.values("tenant_uuid")
        )
    )
    for tenant in left:
        drop(tenant)
    return len(left)


def bring_back(
    tenant: Tenant, *, by: str, path: Path | None = None, said: Said = SILENT
) -> Tenant:
    """Import an archived tenant again, under its own uuid.

    Raises ArchiveMissing where its file is gone, ArchiveChecksum where it changed, and
    the errors of an import.
    """
    run_import(ordered_back(tenant, by=by, path=path, said=said))
    with use_control():
        tenant.refresh_from_db()
    return tenant


def ordered_back(
    tenant: Tenant, *, by: str, path: Path | None = None, said: Said = SILENT
) -> ImportOrder:
    """Read the archive of a tenant to its end; return what brings it back.

    Nothing is written. Raises what `bring_back` raises.
    """
    known: dict[str, Any] = tenant.archive or {}
    file = path or Path(known.get("path", ""))
    if not file.is_file():
        where = f"is not at {file}" if known else "is not known here"
        raise ArchiveMissing(
            f"The archive of {tenant} {where}; manage.py tenant import FILE takes it."
        )
    if known and sha256_of(file) != known["sha256"]:
        raise ArchiveChecksum("The file is not the archive that was written.")
    return decided(file, Wish(), by=by, said=said)[0]
