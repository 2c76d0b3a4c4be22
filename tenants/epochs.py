"""Which values of a tenant still count: all cached before its epoch rose do not.

The epoch stands in the tenant's row and travels in TenantInfo, which is a snapshot.
So who raises it remembers that here, and reads nothing old from then on, whatever
snapshot it works with; others hear of the row by the control plane's notification.
"""

import secrets
from functools import partial
from threading import Lock
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from tenants.context import TenantInfo, TenantSwitchInTransaction, use_control

_lock: Final = Lock()
#: What this process has raised epochs to.
_raised: Final[dict[UUID, int]] = {}


def epoch_of(tenant: TenantInfo) -> str:
    """Return the epoch of the tenant's values as it stands in keys; it has no colon."""
    epoch = str(_number(tenant))
    if tenant.generation > 1:  # what ends with a generation ends for caches, too
        epoch += f".{tenant.generation}"
    waiting = connection.cleared.get(tenant.uuid)  # type: ignore[attr-defined]
    return f"{epoch}-{waiting}" if waiting else epoch


def raise_epoch(tenant: TenantInfo) -> None:
    """Have all that was cached for the tenant forgotten.

    It counts at once in this process, and elsewhere within the time in which a changed
    tenant is noticed. Inside a transaction the row is written after the commit, since
    the control plane is another place; until then the transaction keeps to itself.
    """
    try:
        _write(tenant)
    except TenantSwitchInTransaction:
        # A number could be given by another process meanwhile; this is nobody else's.
        connection.cleared[tenant.uuid] = secrets.token_hex(8)  # type: ignore[attr-defined]
        transaction.on_commit(partial(_write, tenant))


def _number(tenant: TenantInfo) -> int:
    return max(tenant.cache_epoch, _raised.get(tenant.uuid, 0))


def _write(tenant: TenantInfo) -> None:
    from tenants import directory, events
    from tenants.models import Tenant

    with use_control(), transaction.atomic():
        rows = Tenant.objects.filter(uuid=tenant.uuid)
        # A row that was restored from a backup must not give a number again.
        rows.update(cache_epoch=Greatest(F("cache_epoch"), _number(tenant)) + 1)
        events.record("tenant.cache_cleared", by="system", tenant=tenant.uuid)
        epoch = rows.values_list("cache_epoch", flat=True).first() or 0
    with _lock:
        _raised[tenant.uuid] = max(epoch, _number(tenant))
    directory.forget(tenant.uuid)
