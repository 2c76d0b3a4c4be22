"""Send the signals of a step, once it is committed.

A step without listeners costs nothing: its events are looked through only where
somebody listens.
"""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from django.db import transaction

from workflow import signals

logger = logging.getLogger(__name__)

#: The signal of an audit action; the status tells two of them apart.
OF_ACTION: Final = {
    "process.started": signals.process_started,
    "workitem.created": signals.workitem_created,
    "workitem.assigned": signals.workitem_assigned,
    "workitem.activated": signals.workitem_activated,
    "workitem.completed": signals.workitem_completed,
    "workitem.forwarded": signals.workitem_forwarded,
    "workitem.blocked": signals.workitem_blocked,
    "workitem.fallout": signals.workitem_fallout,
    "incident.opened": signals.incident_opened,
    "instance.terminated": signals.instance_terminated,
}
#: A signal and what it is sent with.
Message = tuple[Any, dict[str, Any]]


def after_commit(step: Any) -> None:
    """See to it that the signals of a step are sent when it is committed."""
    if any(signal.receivers for signal in signals.ALL.values()):
        transaction.on_commit(partial(send, list(messages(step))))


def published(process: Any, *, by: Any) -> None:
    """Say after the commit that a version was published."""
    message = signals.process_published, {"process": process, "actor": by}
    transaction.on_commit(partial(send, [message]))


def send(what: list[Message]) -> None:
    """Send signals; what a receiver raises is logged and goes no further."""
    for signal, values in what:
        for receiver, answer in signal.send_robust(sender=None, **values):
            if isinstance(answer, Exception):
                logger.error(
                    "workflow.receiver_failed",
                    exc_info=answer,
                    extra={"receiver": getattr(receiver, "__qualname__", "")},
                )


def messages(step: Any) -> Iterator[Message]:
    """Return the signals of a step, in the order in which things happened."""
    instance = step.instance
    items = {item.pk: item for item in step.items}
    for edge, item, result in step.evaluated:
        values = {"transition": edge, "workitem": item, "instance": instance}
        yield signals.transition_evaluated, {**values, "result": result}
    for edge, item in step.fired:
        values = {"transition": edge, "workitem": item, "instance": instance}
        yield signals.transition_fired, values
    for event in step.events:
        yield signals.audit_event_created, {"event": event, "instance": instance}
        values = {"instance": instance, "actor": step.by}
        if event["workitem_id"]:
            values["workitem"] = items.get(event["workitem_id"])
        else:
            values["process"] = instance.process
        if event["action"] in OF_ACTION:
            yield OF_ACTION[event["action"]], values
        elif event["status_to"] == "complete":
            yield signals.instance_completed, values
