"""Which tenants this release serves: those of its revision, and of those it accepts.

`tenants/schema_revs.json` names the accepted ones; a tenant of another revision is held
(503) until it is migrated, and the others are served.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from tenants import events, states
from tenants.context import use_control
from tenants.fleet import revisions
from tenants.models import Tenant, WakeUp

FILE: Final = Path(__file__).parents[1] / "schema_revs.json"
#: The update is one statement, whatever the number; only what differs is written.
KNOWN: Final = """
UPDATE tenants_tenant t SET schema_rev = v.rev
FROM unnest(%s::uuid[], %s::text[]) AS v(uuid, rev)
WHERE t.uuid = v.uuid AND t.schema_rev <> v.rev
"""
HELD: Final = """
UPDATE tenants_tenant
SET migration_hold = NOT (schema_rev = ANY(%(accepted)s))
WHERE state = ANY(%(states)s) AND schema_rev <> ''
  AND migration_hold <> NOT (schema_rev = ANY(%(accepted)s))
RETURNING uuid, migration_hold
"""


def accepted() -> frozenset[str]:
    """Return the revisions that this release serves."""
    listed = json.loads(FILE.read_text("utf-8"))["accepted"]
    return frozenset({revisions.of_code(), *listed})


@transaction.atomic
def note(revs: Mapping[UUID, str]) -> None:
    """Write down of which revision tenants' schemas are; needs the control context."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(revs), list(revs.values())])


def settle(*, by: str) -> dict[UUID, bool]:
    """Hold the tenants that this release cannot serve, and let the others go.

    Returns those that changed, with whether they are held now. Tenants of which no
    revision is known stay as they are.
    """
    with use_control(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                HELD,
                {
                    "accepted": sorted(accepted()),
                    "states": [state.value for state in states.WITH_SCHEMA],
                },
            )
            changed = dict(cursor.fetchall())
        record(changed.items(), by=by)
    wake()
    return changed


@use_control()
def wake() -> None:
    """Let the due work of released tenants start again.

    One that was resumed, or whose maintenance began, while it was held has its wake-up
    switched off; the migration that ends the hold does not know of it.
    """
    off = WakeUp.objects.filter(
        enabled=False,
        tenant__state__in=states.SERVED,
        tenant__migration_hold=False,
        tenant__shadow_of=None,
    )
    for key in list(off.values_list("tenant_id", flat=True)):
        with transaction.atomic():
            states.set_wake_up(Tenant.objects.select_for_update().get(pk=key))


def record(changed: Iterable[tuple[UUID, bool]], *, by: str) -> None:
    for uuid, is_held in changed:
        action = "tenant.held" if is_held else "tenant.released"
        events.record(action, by=by, tenant=uuid)
