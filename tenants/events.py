"""Write the operators' book."""

from typing import Any
from uuid import UUID

from tenants.models import OperatorEvent


def record(
    action: str, *, by: str, tenant: UUID | None = None, result: str = "", **args: Any
) -> OperatorEvent:
    """Append one event in the caller's transaction; needs the control context."""
    return OperatorEvent.objects.create(
        action=action, actor=by[:150], tenant=tenant, args=args, result=result[:255]
    )
