"""Schemas of no tenant: a scratch to compile in, and those that wait for one.

Each has a row of WarmSchema from before it is there until it is gone or claimed, so
that what a killed process leaves behind is found by `drop_dead`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django.db import DatabaseError, transaction
from django.db.models import Func, Q, TextField

from kernel import clock
from tenants import roles
from tenants.context import TenantInfo, as_owner, use_control
from tenants.fleet import crowding
from tenants.models import WarmSchema
from tenants.models.tenant import new_role_name, opaque

logger = logging.getLogger(__name__)
State = WarmSchema.State
NAME: Final = TextField()

#: A building that takes longer was killed.
LONGEST_BUILDING: Final = timedelta(minutes=15)
#: How long a claimed row tells what became of a schema.
KEEP_CLAIMED: Final = timedelta(days=1)


def info_of(row: WarmSchema) -> TenantInfo:
    """Return a schema of no tenant in the form in which everything takes one."""
    return TenantInfo(
        uuid=uuid4(),
        slug=row.schema_name,
        schema_name=row.schema_name,
        db_role=row.db_role,
        name="",
        state="provisioning",
        locale="en",
        timezone="UTC",
        primary_domain="",
        generation=1,
        cache_epoch=1,
        storage_prefix=row.schema_name,
    )


def whole() -> Any:
    """Return the rows whose schema and role are there: a restore may lack them."""
    rows: Any = WarmSchema.objects.alias(
        schema_there=Func("schema_name", function="to_regnamespace", output_field=NAME),
        role_there=Func("db_role", function="to_regrole", output_field=NAME),
    )
    return rows.filter(schema_there__isnull=False, role_there__isnull=False)


def begun(*, revision: str = "") -> WarmSchema:
    """Return the row of a schema to be made; needs the control context."""
    return WarmSchema.objects.create(
        schema_name=f"w_{opaque()}", db_role=new_role_name(), revision=revision
    )


@contextmanager
def scratch() -> Iterator[TenantInfo]:
    """Give an empty schema of nobody's to its owner, and drop it in the end."""
    with use_control():
        row = begun()
        owned = as_owner(info_of(row))
        roles.make_schema(owned)
    try:
        yield owned
    finally:
        with use_control():
            drop(row)


def drop(row: WarmSchema) -> None:
    """Drop a schema of no tenant, its role, and at last its row."""
    with crowding.place():
        roles.remove(info_of(row))
    row.delete()


def drop_dead(revision: str) -> int:
    """Drop what waits in vain: of another revision, or left by a killed process.

    Returns how many. One that is being claimed is passed over, and so is one that the
    database does not let go, as where a copy of it in the same cluster has the role.
    """
    long_ago = clock.now() - LONGEST_BUILDING
    dead = Q(state=State.BUILDING, state_since__lt=long_ago) | (
        Q(state=State.READY) & ~(Q(revision=revision) & Q(pk__in=whole().values("pk")))
    )
    keys = list(WarmSchema.objects.filter(dead).values_list("pk", flat=True))
    return sum(map(_dropped, keys))


def _dropped(key: str) -> bool:
    try:
        return _drop_if_free(key)
    except DatabaseError:
        logger.exception("pool.kept", extra={"schema": key})
        return False


@transaction.atomic
def _drop_if_free(key: str) -> bool:
    rows = WarmSchema.objects.select_for_update(skip_locked=True)
    row = rows.exclude(state=State.CLAIMED).filter(pk=key).first()
    if row is not None:
        drop(row)
    return row is not None


def forget_claimed() -> None:
    """Delete the rows of schemas that have been a tenant's for a day."""
    long_ago = clock.now() - KEEP_CLAIMED
    WarmSchema.objects.filter(state=State.CLAIMED, state_since__lt=long_ago).delete()
