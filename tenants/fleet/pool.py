"""Schemas that wait for a tenant: a sign-up takes one by giving it another name.

pool.fill(3)          # a worker, every few seconds
pool.claim(info)      # a provisioning run; False where none is ready
"""

from django.db import connection, transaction

from kernel import clock
from tenants import roles
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.fleet import crowding, revisions, templates, unborn
from tenants.models import SchemaTemplate, Tenant, WarmSchema

State = WarmSchema.State


def fill(target: int) -> int:
    """Make schemas until so many of the code's revision wait; return how many.

    What waits in vain is dropped first. Nothing is made before the template is there.
    """
    with use_control():
        unborn.drop_dead(revisions.of_code())
        unborn.forget_claimed()
    template = templates.find()
    if template is None:
        return 0
    missing = target - coming(template.revision)
    for _number in range(missing):
        with crowding.place():
            make(template)
    return max(0, missing)


def coming(revision: str) -> int:
    """Return how many schemas wait or are being made."""
    rows = WarmSchema.objects.exclude(state=State.CLAIMED)
    with use_control():
        return int(rows.filter(revision=revision).count())


def make(template: SchemaTemplate) -> WarmSchema:
    """Make one schema that waits; its role cannot enter it yet."""
    with use_control():
        row = unborn.begun(revision=template.revision)
        info = unborn.info_of(row)
        roles.ensure(info)
    with use(as_owner(info)):
        templates.replay(template.statements)
    with use_control():
        roles.protect(info)
        row.state, row.state_since = State.READY, clock.now()
        row.save(update_fields=["state", "state_since"])
    return row


def claim(tenant: TenantInfo) -> bool:
    """Give a waiting schema to a tenant that has none, in one transaction.

    The schema takes the tenant's name, and the tenant takes the schema's role, since
    a new role costs each connection a moment. False where none of the code's revision
    is ready, or the tenant has a schema.
    """
    with use_control(), transaction.atomic():
        row = _first_ready()
        if row is None or roles.has_schema(tenant):
            return False
        _rename(row, tenant)
        Tenant.objects.filter(uuid=tenant.uuid).update(db_role=row.db_role)
        row.state, row.state_since = State.CLAIMED, clock.now()
        row.save(update_fields=["state", "state_since"])
    return True


def _first_ready() -> WarmSchema | None:
    rows = unborn.whole().select_for_update(skip_locked=True)
    ready = rows.filter(state=State.READY, revision=revisions.of_code())
    found: WarmSchema | None = ready.order_by("state_since").first()
    return found


def _rename(row: WarmSchema, tenant: TenantInfo) -> None:
    before, after = roles.quoted(row.schema_name), roles.quoted(tenant.schema_name)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA {before} RENAME TO {after}")
    roles.mark_schema(tenant)
