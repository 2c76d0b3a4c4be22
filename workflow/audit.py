"""The audit trail: events are appended, and nothing else ever happens to them."""

from typing import Any

from django.db.models import QuerySet

from kernel import clock
from workflow import chain, conf, tenancy
from workflow.models import AuditEvent, AuditHead


def last() -> "QuerySet[Any]":
    """Return the query of the last event's instant; for TENANT_ACTIVITY."""
    return AuditEvent.objects.order_by("-id").values_list("created_at")[:1]


def record(
    action: str,
    *,
    by: Any = None,
    process_id: int | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Append an event to the tenant's own chain; the caller owns the transaction.

    Events of an instance are written by its step, in the same statement.
    """
    if not conf.value("GOFLOW_AUDIT_ENABLED"):
        return
    with tenancy.acting(by):
        # Whoever appends waits for the head, so the chain has no branches.
        AuditHead.objects.get_or_create(pk=1)
        head = AuditHead.objects.select_for_update().get(pk=1)
        event = AuditEvent(
            tenant_id=head.tenant_id,
            created_at=clock.now(),
            action=action,
            actor_id=by.pk if by else None,
            actor_label=label_of(by),
            process_id=process_id,
            metadata=metadata or {},
            seq=head.seq + 1,
            prev_hash=head.hash,
        )
        event.hash = chain.digest(vars(event))
        event.save()
        head.seq, head.hash = event.seq, event.hash
        head.save(update_fields=["seq", "hash"])


def label_of(user: Any) -> str:
    """Return how a person is called in the trail; empty for the engine itself."""
    return str(user.display_name)[:255] if user else ""
