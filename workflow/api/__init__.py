"""The API under /api/protected: parse, one call, answer. One file a noun."""

from ninja import Router

from accounts.authentication import TenantAuth
from workflow.api import (
    described,
    exports,
    incidents,
    instances,
    processes,
    work_items,
)

router = Router(auth=TenantAuth())
for part in (processes, work_items, instances, incidents, exports):
    described.describe(part.router)
    router.add_router("", part.router)
