"""What is written about a tenant's way, in the transaction that goes it, or after.

The statements name the public schema, since they run in a tenant's: the row of the
ledger and the revision are there exactly where the tables are changed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection, transaction

from kernel import clock
from tenants.context import use_control
from tenants.models import MigrationLedger, MigrationPlan, Tenant

State = MigrationLedger.State
Mode = MigrationLedger.Mode

ENTRY: Final = """
INSERT INTO public.tenants_migrationledger
    (plan_id, tenant_id, wave, state, mode, attempts, duration_ms, migration,
     statement_no, error_code, error_text, fingerprint_after, at)
SELECT %(plan)s, id, %(wave)s, 'done', %(mode)s, %(attempts)s,
       (extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::int,
       '', NULL, '', '', '', %(at)s
FROM public.tenants_tenant WHERE uuid = %(tenant)s
ON CONFLICT (plan_id, tenant_id) DO UPDATE
SET wave = excluded.wave, state = excluded.state, mode = excluded.mode,
    attempts = excluded.attempts, duration_ms = excluded.duration_ms,
    migration = '', statement_no = NULL, error_code = '', error_text = '',
    at = excluded.at
"""
REVISION: Final = """
UPDATE public.tenants_tenant SET schema_rev = %(rev)s, migration_hold = false
WHERE uuid = %(tenant)s
"""
EVENT: Final = """
INSERT INTO public.tenants_operatorevent
    (id, at, actor, tenant, action, args, result, request_id)
VALUES (%(id)s, %(at)s, %(by)s, %(tenant)s, 'tenant.migrated', %(args)s, %(rev)s, '')
"""
TOGETHER: Final = """
INSERT INTO tenants_migrationledger
    (plan_id, tenant_id, wave, state, mode, attempts, migration, error_code,
     error_text, fingerprint_after, at)
SELECT %(plan)s, id, 0, %(state)s, '', 0, '', '', '', '', %(at)s
FROM tenants_tenant WHERE uuid = ANY(%(tenants)s)
ON CONFLICT (plan_id, tenant_id) DO UPDATE SET state = excluded.state
WHERE tenants_migrationledger.state NOT IN ('done', 'skipped')
"""
REPAIR: Final = """
UPDATE tenants_migrationledger l SET state = 'done', at = %(at)s
FROM tenants_tenant t
WHERE t.id = l.tenant_id AND l.state IN ('pending', 'running', 'deferred', 'failed')
  AND l.error_code <> 'fingerprint_differs' AND t.uuid = ANY(%(tenants)s)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger is told of a tenant whose transaction commits."""

    plan: UUID
    rev: str
    by: str
    wave: int
    mode: Mode
    attempts: int = 1

    def statements(self, tenant: UUID) -> list[tuple[str, dict[str, Any]]]:
        """Return what writes it: the entry, the revision, and the operators' event."""
        values = {
            "plan": self.plan,
            "tenant": tenant,
            "wave": self.wave,
            "mode": self.mode.value,
            "attempts": self.attempts,
            "rev": self.rev,
            "by": self.by[:150],
            "at": clock.now(),
            "id": uuid4(),
            "args": json.dumps({"plan": str(self.plan), "mode": self.mode.value}),
        }
        return [(ENTRY, values), (REVISION, values), (EVENT, values)]


def write(entry: Entry, tenant: UUID) -> None:
    """Write an entry in the transaction of the entered tenant."""
    with connection.cursor() as cursor:
        for statement, values in entry.statements(tenant):
            cursor.execute(statement, values)


def put(plan: MigrationPlan, tenants: Iterable[UUID], state: State) -> None:
    """Write that these wait, are at work, or have nothing to do: one statement."""
    values: dict[str, Any] = {
        "plan": plan.pk,
        "tenants": list(tenants),
        "state": state.value,
        "at": clock.now(),
    }
    with use_control(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TOGETHER, values)


def repair(current: Sequence[UUID]) -> None:
    """Close the entries of tenants whose schemas say that they have arrived."""
    with use_control(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REPAIR, {"tenants": list(current), "at": clock.now()})


def remember(plan: MigrationPlan, tenant: UUID, state: State, **values: object) -> None:
    """Write how it ended for a tenant whose transaction was rolled back."""
    with use_control(), transaction.atomic():
        row = Tenant.objects.filter(uuid=tenant).first()
        if row is not None:
            MigrationLedger.objects.update_or_create(
                plan=plan,
                tenant=row,
                defaults={"state": state, "at": clock.now(), **values},
            )
