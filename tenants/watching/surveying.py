"""Look at all tenants for the operators' list: how large, how far from the template."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from kernel import clock
from tenants.context import TenantInfo, use_control
from tenants.fleet import drift, find_template, with_schema
from tenants.models import Survey, Tenant
from tenants.scheduling import questions

#: What the tables of each schema take on the disk, with indexes and long values.
SIZES: Final = """
SELECT n.nspname, sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY(%s)
GROUP BY n.nspname
"""
COLUMNS: Final = ("table_bytes", "differences", "last_activity_at", "surveyed_at")


def survey() -> int:
    """Look at every tenant with a schema and keep what is seen; return how many."""
    tenants = with_schema()
    if not tenants:
        return 0
    sizes, found = sizes_of(tenants), differences_of(tenants)
    active = last_activities(tenants)
    now = clock.now()
    with use_control():
        keys = dict(Tenant.objects.values_list("uuid", "pk"))
        Survey.objects.bulk_create(
            (
                Survey(
                    tenant_id=keys[tenant.uuid],
                    table_bytes=sizes.get(tenant.schema_name, 0),
                    differences=found.get(tenant.uuid),
                    last_activity_at=active.get(tenant.uuid),
                    surveyed_at=now,
                )
                for tenant in tenants
                if tenant.uuid in keys
            ),
            update_conflicts=True,
            unique_fields=["tenant"],
            update_fields=COLUMNS,
        )
    return len(tenants)


def sizes_of(tenants: Sequence[TenantInfo]) -> Mapping[str, int]:
    """Return the bytes of each schema by its name."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute(SIZES, [[tenant.schema_name for tenant in tenants]])
        return dict(cursor.fetchall())


def differences_of(tenants: Sequence[TenantInfo]) -> Mapping[UUID, int]:
    """Return how much each schema differs from the code's; empty without a template."""
    template = find_template()
    if template is None:
        return {}
    return {
        one.tenant.uuid: len(one.differences) + (one.fingerprint is None)
        for one in drift.look(tenants, template)
    }


def last_activities(
    tenants: Sequence[TenantInfo],
) -> Mapping[UUID, datetime | None]:
    """Return when each tenant last did something, as TENANT_ACTIVITY tells."""
    answers = questions.each(tenants, "GREATEST", activities)
    return {tenant.uuid: at for tenant, at in answers}


def activities() -> list[QuerySet[Any]]:
    return [import_string(name)() for name in settings.TENANT_ACTIVITY]
