"""Exchange a live tenant and its shadow: which data it has, and nothing else."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from kernel import clock
from tenants import directory, events, roles, states
from tenants.context import use_control
from tenants.models import ProvisioningRun, Tenant
from tenants.models.tenant import new_role_name, new_schema_name, opaque
from tenants.portability.errors import Busy, SwapRefused
from tenants.portability.locks import alone
from tenants.states import State

#: How long nobody is let in, should the process die in between.
LONGEST: Final = timedelta(minutes=2)
#: Until every process has heard of the maintenance.
HEARD_SECONDS: Final = 1.0
Window = tuple[datetime | None, datetime | None]
#: What the rows exchange; each is there once only.
EXCHANGED: Final = ("schema_name", "db_role", "storage_prefix")
#: What goes with the schema.
ALONG: Final = ("schema_rev", "migration_hold")


@dataclass(frozen=True, slots=True)
class Swapped:
    """Both tenants after a swap."""

    live: Tenant
    shadow: Tenant


def require_swappable(live: Tenant, shadow: Tenant) -> None:
    """Raise SwapRefused unless the second is a shadow of the first and both serve."""
    if shadow.shadow_of_id != live.pk:
        raise SwapRefused(f"{shadow} is no shadow of {live}.")
    for tenant in (live, shadow):
        if tenant.state not in states.WITH_SCHEMA - {State.DELETING}:
            raise SwapRefused(f"{tenant} is {tenant.state}, so this is refused.")
        under_way = ProvisioningRun.objects.filter(
            tenant_uuid=tenant.uuid, state__in=ProvisioningRun.OPEN
        )
        if under_way.exists():
            raise Busy


def swap(
    live: Tenant, shadow: Tenant, *, by: str, heard_seconds: float = HEARD_SECONDS
) -> Swapped:
    """Give the live tenant the shadow's schema, role and files, and the other way.

    All that was signed, queued or cached for either is worth nothing then. The former
    data stay as the shadow until it is purged. Raises SwapRefused or Busy.
    """
    with use_control():
        require_swappable(live, shadow)
    with alone(live.uuid, "swap"), alone(live.uuid), use_control():
        until, before = maintain(live)
        try:
            time.sleep(heard_seconds)
            with transaction.atomic():
                exchange(live.pk, shadow.pk, by=by)
        finally:
            open_again(live, until, before)
        return Swapped(Tenant.objects.get(pk=live.pk), Tenant.objects.get(pk=shadow.pk))


def maintain(live: Tenant) -> Window:
    """Let nobody in for the moment; return until when, now and before."""
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=live.pk)
        before = row.maintenance_until
        row.maintenance_until = max(filter(None, (before, clock.now() + LONGEST)))
        row.save(update_fields=["maintenance_until"])
    return row.maintenance_until, before


def open_again(live: Tenant, until: datetime | None, before: datetime | None) -> None:
    """Put the maintenance back to what it was, unless somebody changed it meanwhile."""
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=live.pk)
        if row.maintenance_until == until:
            row.maintenance_until = before
            row.save(update_fields=["maintenance_until"])
            states.set_wake_up(row)
        directory.forget_after_commit(live.uuid)


def exchange(live: int, shadow: int, *, by: str) -> None:
    """Exchange both rows and the comments of their schemas; in one transaction."""
    rows = {
        row.pk: row
        for row in Tenant.objects.select_for_update()
        .filter(pk__in=(live, shadow))
        .order_by("pk")
    }
    one, other = rows[live], rows[shadow]
    require_swappable(one, other)
    ours = {name: getattr(one, name) for name in (*EXCHANGED, *ALONG)}
    theirs = {name: getattr(other, name) for name in (*EXCHANGED, *ALONG)}
    # Each name is there once only, so the first row waits under names of nobody.
    write(one.pk, **nobody())
    write(other.pk, **ours)
    write(one.pk, **theirs)
    for key in (one.pk, other.pk):
        end_former(key)
    for tenant in (one, other):
        tenant.refresh_from_db()
        roles.mark_schema(tenant.info())
        states.let_in(tenant, State(tenant.state))
        directory.forget_after_commit(tenant.uuid)
        events.record(
            "tenant.swapped",
            by=by,
            tenant=tenant.uuid,
            live=str(one.uuid),
            shadow=str(other.uuid),
        )
    states.set_wake_up(one)


def nobody() -> dict[str, str]:
    return {
        "schema_name": new_schema_name(),
        "db_role": new_role_name(),
        "storage_prefix": opaque(),
    }


def write(key: int, **values: object) -> None:
    Tenant.objects.filter(pk=key).update(**values)


def end_former(key: int) -> None:
    """Let what was signed, queued or cached before be worth nothing."""
    Tenant.objects.filter(pk=key).update(
        generation=F("generation") + 1, cache_epoch=F("cache_epoch") + 1
    )
