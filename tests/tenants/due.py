"""A due source for the tests: its work is a set of instants in memory, by tenant."""

import threading
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import clock
from tenants.context import context_uuid, use_control
from tenants.models import Chore, WakeUp
from tenants.scheduling import upkeep

work: dict[UUID, list[datetime]] = defaultdict(list)
fired: list[tuple[UUID, datetime]] = []
faults: set[UUID] = set()
lock = threading.Lock()


def forget() -> None:
    work.clear()
    fired.clear()
    faults.clear()


def become_the_only_source(settings: Any) -> None:
    """Let nothing else be due, and nobody but the test dispatch it."""
    settings.TENANT_DUE_SOURCES = [__name__]
    settings.CONTROL_DUE_SOURCES = []
    settings.TENANTRY_DISPATCH = "cron"
    forget()
    with use_control():
        WakeUp.objects.update(next_due=None, lease_until=None)
        Chore.objects.all().delete()
        tomorrow = clock.now() + timedelta(days=1)
        Chore.objects.bulk_create(
            Chore(name=name, next_due=tomorrow) for name in upkeep.DUTIES
        )


def run_due(limit: int) -> int:
    tenant = context_uuid()
    if tenant in faults:
        raise RuntimeError("the source broke")
    with lock:
        due = sorted(at for at in work[tenant] if at <= clock.now())[:limit]
        for at in due:
            work[tenant].remove(at)
            fired.append((tenant, at))
    return len(due)


def next_due() -> datetime | None:
    with lock:
        return min(work[context_uuid()], default=None)
