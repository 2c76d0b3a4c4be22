"""The errors a caller of the workflow can meet.

ApplicationError (kernel)
├── BadRequest 400
│   ├── CompareInvalid           compare.invalid
│   ├── ContentTypeInvalid       content_type.invalid
│   ├── IdempotencyKeyInvalid    idempotency.key_invalid
│   ├── InstantInvalid           instant.invalid
│   └── PageInvalid              page.invalid
├── Forbidden 403
│   ├── ProcessNotAllowed        process.not_allowed
│   ├── ProcessRightMissing      process.right_missing
│   ├── ContentTypeNotAllowed    content_type.not_allowed
│   ├── ObjectNotAllowed         object.not_allowed
│   ├── ExportNotAllowed         export.not_allowed
│   ├── NotAllowed               workitem.not_allowed
│   ├── InstanceNotAllowed       instance.not_allowed
│   ├── IncidentNotAllowed       incident.not_allowed
│   ├── NotCandidate             workitem.not_candidate
│   └── NotHolder                workitem.not_holder
├── NotFound 404
│   ├── ProcessNotFound          process.not_found
│   ├── ObjectNotFound           object.not_found
│   ├── WorkItemNotFound         workitem.not_found
│   ├── ApplicationNotFound      application.not_found
│   ├── InstanceNotFound         instance.not_found
│   ├── IncidentNotFound         incident.not_found
│   └── NobodyToStart            simulation.nobody
├── Conflict 409
│   ├── ProcessDisabled          process.disabled
│   ├── ProcessTampered          process.tampered
│   ├── ProcessStale             process.stale
│   ├── ProcessNotDraft          process.not_draft
│   ├── ProcessNotPublished      process.not_published
│   ├── ProcessImmutable         process.immutable
│   ├── ProcessInUse             process.in_use
│   ├── ProcessNameTaken         process.name_taken
│   ├── ProcessNamesIt           process.names_it
│   ├── InstanceState            instance.state
│   │   └── InstanceClosed       instance.closed
│   ├── IncidentClosed           incident.closed
│   ├── StillRunning             idempotency.running
│   ├── VersionMismatch          precondition.failed (412)
│   ├── TenantMismatch           tenant.mismatch
│   │   └── TenantFunctionWrong  tenant.function_wrong (503)
│   └── WorkItemConflict         workitem.conflict
│       ├── WorkItemState        workitem.state
│       ├── WorkItemClosed       workitem.closed
│       ├── WorkItemHeld         workitem.held
│       ├── ForwardedAlready     workitem.forwarded_already
│       └── WorkItemBusy         workitem.busy
└── Invalid 422
├── AssigneeInvalid          assignee.invalid
├── AssigneeNotCandidate     assignee.not_candidate
├── NoMatch                  split.no_match
├── ReasonInvalid            reason.invalid
├── CommentInvalid           comment.invalid
├── IdempotencyKeyReused     idempotency.other_body
├── TokenLimit               token.limit
├── OutcomeTooLong           outcome.too_long
├── DataInvalid              data.invalid
├── HandlerFailed            handler.failed
├── HandlerMissing           handler.missing
├── DocumentInvalid          document.invalid
├── ConditionInvalid         condition.invalid
├── ProcessInvalid           process.invalid
└── ProcessHandlerMissing    process.handler_missing
"""

from kernel.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound


class CompareInvalid(BadRequest):
    """Two versions of one process can be compared: `compare` is a version's id."""

    code = "compare.invalid"


class ContentTypeInvalid(BadRequest):
    """There is no such kind of object."""

    code = "content_type.invalid"


class InstantInvalid(BadRequest):
    """Write an instant like 2026-08-03T10:00+02:00, or a day like 2026-08-03."""

    code = "instant.invalid"


class PageInvalid(BadRequest):
    """The list cannot be paged like this."""

    code = "page.invalid"


class IdempotencyKeyInvalid(BadRequest):
    """An idempotency key has 1 to 255 printable characters."""

    code = "idempotency.key_invalid"


class ProcessNotAllowed(Forbidden):
    """You may not start this process."""

    code = "process.not_allowed"


class ProcessRightMissing(Forbidden):
    """You may not do this with processes."""

    code = "process.right_missing"


class ContentTypeNotAllowed(Forbidden):
    """No process may be started about this kind of object."""

    code = "content_type.not_allowed"


class ObjectNotAllowed(Forbidden):
    """You may not start a process about this object."""

    code = "object.not_allowed"


class ExportNotAllowed(Forbidden):
    """You may not export processes and histories."""

    code = "export.not_allowed"


class NotAllowed(Forbidden):
    """You may not do this with work items."""

    code = "workitem.not_allowed"


class InstanceNotAllowed(Forbidden):
    """You may not do this with process instances."""

    code = "instance.not_allowed"


class IncidentNotAllowed(Forbidden):
    """You may not resolve incidents."""

    code = "incident.not_allowed"


class NotCandidate(Forbidden):
    """This work is for other people."""

    code = "workitem.not_candidate"


class NotHolder(Forbidden):
    """Somebody else holds this work item, or nobody yet."""

    code = "workitem.not_holder"


class ProcessNotFound(NotFound):
    """There is no such process."""

    code = "process.not_found"


class ApplicationNotFound(NotFound):
    """There is no such application."""

    code = "application.not_found"


class ObjectNotFound(NotFound):
    """There is no such object."""

    code = "object.not_found"


class WorkItemNotFound(NotFound):
    """There is no such work item."""

    code = "workitem.not_found"


class InstanceNotFound(NotFound):
    """There is no such process instance."""

    code = "instance.not_found"


class IncidentNotFound(NotFound):
    """There is no such incident."""

    code = "incident.not_found"


class IncidentClosed(Conflict):
    """The incident is resolved already."""

    code = "incident.closed"


class StillRunning(Conflict):
    """The first request with this idempotency key is still under way."""

    code = "idempotency.running"


class VersionMismatch(Conflict):
    """It has changed since you read it; read it again."""

    status = 412
    code = "precondition.failed"


class NobodyToStart(NotFound):
    """There is nobody of this name who could start a simulation."""

    code = "simulation.nobody"


class ProcessDisabled(Conflict):
    """This process is switched off for now."""

    code = "process.disabled"


class ProcessTampered(Conflict):
    """The published process was changed behind the engine and does not run."""

    code = "process.tampered"


class ProcessStale(Conflict):
    """Somebody else has changed this draft in the meantime; load it again."""

    code = "process.stale"


class ProcessNotDraft(Conflict):
    """This version is published already."""

    code = "process.not_draft"


class ProcessNotPublished(Conflict):
    """This version is not published."""

    code = "process.not_published"


class ProcessImmutable(Conflict):
    """A version that was published never changes; clone it into a new draft."""

    code = "process.immutable"


class ProcessInUse(Conflict):
    """There are instances of this version."""

    code = "process.in_use"


class ProcessNameTaken(Conflict):
    """Another process has this name."""

    code = "process.name_taken"


class ProcessNamesIt(Conflict):
    """A process names this group or person, so it cannot be deleted."""

    code = "process.names_it"


class InstanceState(Conflict):
    """The process instance is not running."""

    code = "instance.state"


class InstanceClosed(InstanceState):
    """The process instance has ended."""

    code = "instance.closed"


class TenantMismatch(Conflict):
    """The row belongs to another tenant."""

    code = "tenant.mismatch"


class TenantFunctionWrong(TenantMismatch):
    """The workflow cannot tell whose rows these are; ask an administrator."""

    status = 503
    code = "tenant.function_wrong"


class WorkItemConflict(Conflict):
    """Somebody else was faster; the work item has moved on."""

    code = "workitem.conflict"


class WorkItemState(WorkItemConflict):
    """The work item is in another state."""

    code = "workitem.state"


class WorkItemClosed(WorkItemConflict):
    """The work item is closed already."""

    code = "workitem.closed"


class WorkItemHeld(WorkItemConflict):
    """Somebody else holds this work item."""

    code = "workitem.held"


class ForwardedAlready(WorkItemConflict):
    """The work item was forwarded already."""

    code = "workitem.forwarded_already"


class WorkItemBusy(WorkItemConflict):
    """Others are working on this process instance; try again in a second."""

    code = "workitem.busy"


class AssigneeInvalid(Invalid):
    """Work can be given to somebody else here, and to people only."""

    code = "assignee.invalid"


class AssigneeNotCandidate(Invalid):
    """This work is for other people than the one you chose."""

    code = "assignee.not_candidate"


class NoMatch(Invalid):
    """No way leads on from here with this answer."""

    code = "split.no_match"


class ReasonInvalid(Invalid):
    """Say why, in at most 1,000 characters."""

    code = "reason.invalid"


class CommentInvalid(Invalid):
    """A comment has 1 to 1,000 characters."""

    code = "comment.invalid"


class IdempotencyKeyReused(Invalid):
    """This idempotency key came with another body before."""

    code = "idempotency.other_body"


class TokenLimit(Invalid):
    """The process has too many branches at once."""

    code = "token.limit"


class OutcomeTooLong(Invalid):
    """An outcome has at most 255 characters."""

    code = "outcome.too_long"


class DataInvalid(Invalid):
    """The data cannot be stored."""

    code = "data.invalid"


class HandlerFailed(Invalid):
    """A step of this process failed, and nothing was changed."""

    code = "handler.failed"


class HandlerMissing(Invalid):
    """No handler is registered under this name."""

    code = "handler.missing"


class DocumentInvalid(Invalid):
    """A process is about an object that is saved and registered as a document."""

    code = "document.invalid"


class ConditionInvalid(Invalid):
    """The condition cannot be read."""

    code = "condition.invalid"


class ProcessInvalid(Invalid):
    """The process cannot be saved or published like this."""

    code = "process.invalid"


class ProcessHandlerMissing(Invalid):
    """This version calls what is no longer there, so it cannot be published again."""

    code = "process.handler_missing"
