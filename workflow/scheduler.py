"""How scans, work-item actions and notices are scheduled, under the seed's names.

`GOFLOW_SCHEDULER_BACKEND` names one of the two classes, or a class of the host
project with the same four methods; the functions at the end call it.
"""

from typing import Any, Protocol, cast

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.module_loading import import_string

from workflow import conf, notices, provisioning, steps, tenancy, timers
from workflow.errors import WorkItemNotFound
from workflow.models import WorkItem

USE_CRON = "Use goflow_cron management command via linux cron"
DONE = {"activate": "activated", "complete": "completed", "forward": "forwarded"}

Answer = dict[str, Any]


class SchedulerBackend(Protocol):
    """What a backend must have."""

    def schedule_timeout_scan(self) -> Answer: ...
    def schedule_sla_scan(self) -> Answer: ...
    def schedule_workitem_action(
        self, workitem_id: int, action: str = "forward", **kwargs: Any
    ) -> Answer: ...
    def schedule_notification(
        self, user_id: int, workitem_ids: list[int] | None = None
    ) -> Answer: ...


class CronSchedulerBackend:
    """Does actions and notices at once; scans are left to `goflow_cron`."""

    def schedule_timeout_scan(self) -> Answer:
        return {"scheduled": False, "backend": "cron", "message": USE_CRON}

    def schedule_sla_scan(self) -> Answer:
        return {"scheduled": False, "backend": "cron", "message": USE_CRON}

    def schedule_workitem_action(
        self, workitem_id: int, action: str = "forward", **kwargs: Any
    ) -> Answer:
        workitem_action(workitem_id, action, **kwargs)
        return {"scheduled": True, "backend": "cron", "inline": True}

    def schedule_notification(
        self, user_id: int, workitem_ids: list[int] | None = None
    ) -> Answer:
        notification(user_id, workitem_ids)
        return {"scheduled": True, "backend": "cron", "inline": True}


class CelerySchedulerBackend:
    """Sends a task of the present tenant, after the commit."""

    def schedule_timeout_scan(self) -> Answer:
        return self._sent("timeout_scan_task")

    def schedule_sla_scan(self) -> Answer:
        return self._sent("sla_scan_task")

    def schedule_workitem_action(
        self, workitem_id: int, action: str = "forward", **kwargs: Any
    ) -> Answer:
        require_action(action)
        return self._sent("workitem_action_task", workitem_id, action, **kwargs)

    def schedule_notification(
        self, user_id: int, workitem_ids: list[int] | None = None
    ) -> Answer:
        return self._sent("notification_task", user_id, workitem_ids)

    def _sent(self, name: str, *args: Any, **kwargs: Any) -> Answer:
        from workflow import tasks

        task = getattr(tasks, name)
        transaction.on_commit(lambda: task.delay(*args, **kwargs))
        return {"scheduled": True, "backend": "celery"}


def require_action(action: str) -> None:
    """Raise ValueError for an action that does not exist."""
    if action not in DONE:
        raise ValueError(f"{action!r} is none of {', '.join(DONE)}.")


def workitem_action(
    workitem_id: int,
    action: str = "forward",
    *,
    actor_username: str | None = None,
    condition: str | None = None,
) -> Answer:
    """Do something with a work item, now; by default as the engine's account.

    `forward` takes the timeouts that are due, and otherwise does nothing.
    """
    require_action(action)
    by = None if action == "forward" else actor(actor_username)
    rows = tenancy.filtered(WorkItem.objects.filter(pk=workitem_id), user=by)
    item = steps.with_all(rows).first()
    if item is None:
        raise WorkItemNotFound
    if action == "forward":
        item.forward(timeout_forwarding=True)
    elif action == "activate":
        item.activate(by)
    else:
        item.complete(by, condition=condition)
    return {"status": DONE[action], "workitem_id": workitem_id}


def actor(username: str | None) -> Any:
    """Return who acts: the person of this name, or the engine's account."""
    if username is None:
        return provisioning.system_user()
    return get_user_model()._default_manager.get(username=username)  # noqa: SLF001 - Django's public name


def notification(user_id: int, workitem_ids: list[int] | None = None) -> Answer:
    """Tell a person what waits for them, now."""
    notices.notify(user_id, workitem_ids)
    answer: Answer = {"status": "notified", "user_id": user_id}
    return answer if workitem_ids is None else {**answer, "workitems": workitem_ids}


def timeout_scan() -> Answer:
    """Do what is due in this tenant."""
    counts = timers.run()
    return {
        "timeout_transitions": counts.timeout_transitions,
        "checked_workitems": counts.checked_workitems,
        "triggered_workitems": counts.triggered_workitems,
    }


def sla_scan() -> Answer:
    """Do what is due in this tenant; SLA marks are timers like all others."""
    counts = timers.run()
    return {
        "sla_checked": counts.sla_checked,
        "sla_warned": counts.sla_warned,
        "sla_breached": counts.sla_breached,
    }


def backend() -> SchedulerBackend:
    """Return the configured backend."""
    name = conf.value("GOFLOW_SCHEDULER_BACKEND")
    return cast("SchedulerBackend", import_string(conf.ALIASES.get(name, name))())


def schedule_timeout_scan() -> Answer:
    """See that due timers are taken."""
    return backend().schedule_timeout_scan()


def schedule_sla_scan() -> Answer:
    """See that due SLA marks are taken."""
    return backend().schedule_sla_scan()


def schedule_workitem_action(
    workitem_id: int, action: str = "forward", **kwargs: Any
) -> Answer:
    """See that something is done with a work item: activate, complete or forward."""
    return backend().schedule_workitem_action(workitem_id, action, **kwargs)


def schedule_notification(
    user_id: int, workitem_ids: list[int] | None = None
) -> Answer:
    """See that a person is told what waits for them."""
    return backend().schedule_notification(user_id, workitem_ids)
