"""The tables of the workflow, in each tenant's schema: one file per noun."""

from workflow.models.activity import Activity
from workflow.models.application import Application, PushApplication
from workflow.models.audit_event import AuditEvent, AuditHead
from workflow.models.comment import Comment
from workflow.models.default_document import DefaultAppModel
from workflow.models.idempotency import IdempotencyKey
from workflow.models.incident import Incident
from workflow.models.instance import ProcessInstance
from workflow.models.layout import WorkflowLayout
from workflow.models.process import Process
from workflow.models.timer import Timer
from workflow.models.transition import Transition
from workflow.models.work_item import WorkItem

__all__ = [
    "Activity",
    "Application",
    "AuditEvent",
    "AuditHead",
    "Comment",
    "DefaultAppModel",
    "IdempotencyKey",
    "Incident",
    "Process",
    "ProcessInstance",
    "PushApplication",
    "Timer",
    "Transition",
    "WorkItem",
    "WorkflowLayout",
]
