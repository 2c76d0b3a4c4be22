"""Celery's entries: each takes ids, carries its tenant, and may run twice."""

from typing import Any

from celery import shared_task

from workflow import scheduler


@shared_task(name="workflow.timeout_scan", acks_late=True)
def timeout_scan_task() -> dict[str, Any]:
    """Take the due timers of the tenant."""
    return scheduler.timeout_scan()


@shared_task(name="workflow.sla_scan", acks_late=True)
def sla_scan_task() -> dict[str, Any]:
    """Take the due SLA marks of the tenant."""
    return scheduler.sla_scan()


@shared_task(name="workflow.workitem_action", acks_late=True)
def workitem_action_task(
    workitem_id: int, action: str = "forward", **kwargs: Any
) -> dict[str, Any]:
    """Activate, complete or forward a work item."""
    return scheduler.workitem_action(workitem_id, action, **kwargs)


@shared_task(name="workflow.notification", acks_late=True)
def notification_task(
    user_id: int, workitem_ids: list[int] | None = None
) -> dict[str, Any]:
    """Tell a person what waits for them."""
    return scheduler.notification(user_id, workitem_ids)
