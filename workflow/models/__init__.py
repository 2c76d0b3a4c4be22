"""The tables of the workflow, in each tenant's schema: one file per noun."""

from workflow.models.application import Application, PushApplication
from workflow.models.audit_event import AuditEvent
from workflow.models.instance import ProcessInstance
from workflow.models.process import Activity, Process, Transition
from workflow.models.timer import Timer
from workflow.models.work_item import WorkItem

__all__ = [
    "Activity",
    "Application",
    "AuditEvent",
    "Process",
    "ProcessInstance",
    "PushApplication",
    "Timer",
    "Transition",
    "WorkItem",
]
