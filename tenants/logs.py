"""Whose work a log line tells of: a processor for `LOGGING["processors"]`.

It is loaded before any app, and a line may be written at any time: so it asks for
nothing but the context, and looks at Celery only where that is at work.
"""

import sys
from collections.abc import MutableMapping
from typing import Any, Final

from tenants.context import Control, current_or_none

CONTROL_NAME: Final = "control"

Event = MutableMapping[str, Any]


def add_tenant(_logger: Any, _method: str, event: Event) -> Event:
    """Add `tenant`, the uuid, and `slug` of the entered tenant to an event.

    In the control plane `tenant` is "control"; in no context it is the one that the
    message of the task at work names, if there is one.
    """
    context = current_or_none()
    if context is None:
        return add_addressee(event)
    if isinstance(context, Control):
        event["tenant"] = CONTROL_NAME
        return event
    event["tenant"] = str(context.uuid)
    event["slug"] = context.slug
    return event


def add_addressee(event: Event) -> Event:
    """Add the tenant of the task at work.

    Celery tells how a task has ended when it has left its tenant already.
    """
    celery = sys.modules.get("celery._state")
    task = celery.get_current_worker_task() if celery else None
    if task is None:
        return event
    from tenants.carrying.publishing import read_address

    if getattr(task, "plane", "") == "control":
        event["tenant"] = CONTROL_NAME
    elif address := read_address(task.request.headers):
        event["tenant"] = str(address[0])
    return event
