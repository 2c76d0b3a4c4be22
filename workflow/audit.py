"""The audit trail: events are appended, and nothing else ever happens to them."""

from typing import Any

from workflow import conf, tenancy
from workflow.models import AuditEvent


def record(
    action: str,
    *,
    by: Any = None,
    process_id: int | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Append an event that belongs to no instance; the caller owns the transaction.

    Events of an instance are written by its step, in the same statement.
    """
    if not conf.value("GOFLOW_AUDIT_ENABLED"):
        return
    with tenancy.acting(by):
        AuditEvent.objects.create(
            action=action,
            actor_id=by.pk if by else None,
            actor_label=label_of(by),
            process_id=process_id,
            metadata=metadata or {},
        )


def label_of(user: Any) -> str:
    """Return how a person is called in the trail; empty for the engine itself."""
    return str(user.display_name)[:255] if user else ""
