"""Write the operators' book."""

from typing import Any, Final
from uuid import UUID

from structlog.contextvars import get_contextvars

from kernel import clients
from tenants import limits
from tenants.models import OperatorEvent

CLIENT: Final = "operators.client"


def record(
    action: str, *, by: str, tenant: UUID | None = None, result: str = "", **args: Any
) -> OperatorEvent:
    """Append one event in the caller's transaction; needs the control context.

    Where a request asked for it, its id and a hash of its client are kept as well.
    """
    client = clients.present()
    return OperatorEvent.objects.create(
        action=action,
        actor=by[:150],
        tenant=tenant,
        args=args,
        result=result[:255],
        request_id=str(get_contextvars().get("request_id", ""))[:64],
        ip_hash=limits.hashed(CLIENT, client) if client else None,
    )
