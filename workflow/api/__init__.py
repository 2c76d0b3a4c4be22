"""The API under /api/protected: parse, one call, answer. One file a noun."""

from ninja import Router

from accounts.authentication import TenantAuth
from workflow.api import exports, incidents, instances, processes, work_items

router = Router(auth=TenantAuth())
for part in (processes, work_items, instances, incidents, exports):
    router.add_router("", part.router)
