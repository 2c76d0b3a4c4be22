"""The protocol of the WakeUp row: lower, take, hold, put back.

Nothing is lost and nothing runs twice, whoever dies or is late in between:
a take writes down a lease and a number, and only the holder of the number puts back.
NULL stands for "nothing known", and PostgreSQL's LEAST passes over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, Value
from django.db.models.functions import Least

from kernel import clock
from tenants.models import WakeUp

#: Longer than one batch of tenants takes; a worker renews it for each tenant.
LEASE: Final = timedelta(seconds=120)

# Take the wake-ups that are due and pass over those that another process holds.
TAKE: Final = """
WITH due AS MATERIALIZED (
    SELECT tenant_id FROM tenants_wakeup
    WHERE enabled AND wake_at <= %(now)s
      AND (%(only)s::uuid[] IS NULL OR tenant_id IN (
          SELECT id FROM tenants_tenant WHERE uuid = ANY(%(only)s::uuid[])))
    ORDER BY wake_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
)
UPDATE tenants_wakeup AS wake
SET next_due = NULL, lease_until = %(lease_until)s, run_no = wake.run_no + 1
FROM due JOIN tenants_tenant AS tenant ON tenant.id = due.tenant_id
WHERE wake.tenant_id = due.tenant_id
RETURNING tenant.uuid, wake.run_no
"""

# Put a wake-up back; an instant that was armed meanwhile stays if it is earlier.
PUT_BACK: Final = """
UPDATE tenants_wakeup AS wake
SET next_due = LEAST(wake.next_due, %(next_due)s), lease_until = NULL
FROM tenants_tenant AS tenant
WHERE tenant.id = wake.tenant_id AND tenant.uuid = %(tenant)s
  AND wake.run_no = %(run_no)s
RETURNING wake.next_due
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A tenant's wake-up in our hands: its number is the right to put it back."""

    tenant: UUID
    run_no: int


def lower(tenant: UUID, due_at: datetime) -> bool:
    """Bring the wake-up forward to `due_at`; tell whether it was later before."""
    later = Q(next_due__isnull=True) | Q(next_due__gt=due_at)
    return bool(
        WakeUp.objects.filter(later, tenant__uuid=tenant).update(
            next_due=Least("next_due", Value(due_at))
        )
    )


def take(batch: int, *, only: Sequence[UUID] | None = None) -> list[Taken]:
    """Take up to `batch` due wake-ups under a lease, most overdue first."""
    now = clock.now()
    values: dict[str, Any] = {
        "now": now,
        "batch": batch,
        "only": None if only is None else list(only),
        "lease_until": now + LEASE,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        return [Taken(*row) for row in cursor.fetchall()]


def hold(taken: Taken) -> bool:
    """Renew the lease; False where another process took over or the tenant stopped."""
    return bool(
        WakeUp.objects.filter(
            tenant__uuid=taken.tenant, run_no=taken.run_no, enabled=True
        ).update(lease_until=clock.now() + LEASE)
    )


def put_back(taken: Taken, next_due: datetime | None) -> datetime | None:
    """End a run: write the next instant, or keep an earlier one; return what stands.

    Where the number has moved on, nothing is written and None comes back.
    """
    values: dict[str, Any] = {
        "tenant": taken.tenant,
        "run_no": taken.run_no,
        "next_due": next_due,
    }
    with connection.cursor() as cursor:
        cursor.execute(PUT_BACK, values)
        row = cursor.fetchone()
    return row[0] if row else None
