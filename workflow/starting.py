"""Start a process: now, or prepare it and start it later.

Each is one step of two statements: it reads the process with the numbers of what it
begins, and writes all of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, models
from django.db.models import QuerySet

from kernel import clock
from kernel.text import require_storable
from tenants.errors import QuotaExceeded
from tenants.models import Resource
from tenants.plans import quotas
from workflow import (
    automatic,
    documents,
    graph,
    handlers,
    inputs,
    steps,
    tenancy,
    variables,
)
from workflow.beginning import first
from workflow.errors import (
    DocumentInvalid,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InstanceClosed,
    InstanceState,
    ProcessNotAllowed,
    ProcessNotFound,
)
from workflow.models import Process, ProcessInstance, WorkItem
from workflow.rights import require_startable
from workflow.steps import Published, Step

LONGEST_KEY = 255


def start_process(
    process_name: str,
    *,
    document: models.Model,
    by: Any,
    title: str | None = None,
    priority: int = 0,
    data: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    save: Callable[[], object] | None = None,
) -> WorkItem:
    """Start the published process with this title or code about a document.

    A new document is written by `save`, in the same step: both are there, or neither.

    Returns the first work item, which the requester holds unless a push application
    says otherwise; the instance stays on the version it begins with. The same
    `idempotency_key` of the same person returns the work item of the first call,
    however long ago that was: the key stays with the instance.
    Raises ProcessNotFound, ProcessNotAllowed, DocumentInvalid, DataInvalid,
    QuotaExceeded and IdempotencyKeyReused where the key began another process.
    """
    begin = beginning(
        process_name,
        document=document,
        by=by,
        title=title,
        priority=priority,
        data=data,
        idempotency_key=idempotency_key,
        save=save,
    )
    try:
        step = steps.run(given_by_plan(begin), first, alone=save is None)
    except (IntegrityError, QuotaExceeded):
        about = document if save is None else None
        before = started_before(process_name, idempotency_key, about=about, by=by)
        if before is None:
            # The version may have been thrown away since it was read.
            startable(process_name, by=by)
            raise
        return first_item(before)
    automatic.follow(step)
    return fresh(step)


def prepare_process(
    process_name: str,
    *,
    document: models.Model,
    by: Any,
    title: str | None = None,
    priority: int = 0,
    data: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> ProcessInstance:
    """Write an instance that is started later, by `start_instance`.

    Raises as `start_process` does.
    """
    begin = beginning(
        process_name,
        document=document,
        by=by,
        title=title,
        priority=priority,
        data=data,
        idempotency_key=idempotency_key,
    )
    try:
        return steps.run(begin, lambda step: step.event("instance.created")).instance
    except IntegrityError:
        before = started_before(process_name, idempotency_key, about=document, by=by)
        if before is None:
            startable(process_name, by=by)
            raise
        return before


def start_instance(instance: ProcessInstance, *, by: Any) -> WorkItem:
    """Start an instance that was prepared; only who prepared it may.

    Returns the first work item. Raises InstanceNotFound, InstanceState, InstanceClosed,
    ProcessNotAllowed and QuotaExceeded.
    """

    def begin() -> Step:
        step = steps.read_instance(instance.pk, by=by, spare=1)
        if step.instance.status != ProcessInstance.Status.INITIATED:
            raise InstanceState if step.instance.is_open else InstanceClosed
        require_startable(step.instance.process, step.groups, by=by)
        if step.instance.user_id != by.pk:
            raise ProcessNotAllowed
        return step

    step = steps.run(given_by_plan(begin), first)
    automatic.follow(step)
    return fresh(step)


def given_by_plan(begin: Callable[[], Step]) -> Callable[[], Step]:
    """Return what begins a step where the tenant's plan gives one more process.

    It raises QuotaExceeded, and costs no statement where the plan says nothing.
    """

    def counted() -> Step:
        quotas.require(Resource.RUNNING_INSTANCES)
        return begin()

    return counted


def beginning(
    process_name: str,
    *,
    document: models.Model,
    by: Any,
    title: str | None,
    priority: int,
    data: Mapping[str, Any] | None,
    idempotency_key: str | None,
    save: Callable[[], object] | None = None,
) -> Callable[[], Step]:
    """Return what begins the step of a new instance: one statement.

    Raises DocumentInvalid, DataInvalid and IdempotencyKeyInvalid.
    """
    require_storable(process_name=process_name, title=title)
    require_key(idempotency_key)
    inputs.require_data(data)
    handlers.document_of(document)
    if save is None and document.pk is None:
        raise DocumentInvalid
    content_type = documents.content_type_id(type(document))

    def begin() -> Step:
        found = startable(process_name, by=by)
        process = found.process
        stamp = tenancy.resolved(user=by)
        if save is not None:
            save()
        instance = ProcessInstance(
            id=found.instance_id,
            tenant_id=stamp["tenant_id"] or "",
            org_id=stamp["org_id"],
            title=inputs.shortened(composed(title, process, document)),
            process=process,
            process_version=process.version,
            user=by,
            creationTime=clock.now(),
            priority=priority or process.priority,
            content_type_id=content_type,
            object_id=str(document.pk),
            data=variables.checked(graph.of(process).data_schema, data or {}),
            idempotency_key=idempotency_key,
        )
        return Step(
            instance,
            by=by,
            now=instance.creationTime,
            groups=found.groups,
            spare=[found.item_id],
        )

    return begin


def require_key(key: str | None) -> None:
    """Raise IdempotencyKeyInvalid on a key that cannot be stored."""
    if key is None:
        return
    require_storable(idempotency_key=key)
    if not 0 < len(key) <= LONGEST_KEY:
        raise IdempotencyKeyInvalid


def started_before(
    process_name: str, key: str | None, *, about: models.Model | None, by: Any
) -> ProcessInstance | None:
    """Return what this person began with the key before, or None.

    Raises IdempotencyKeyReused where that is another process or about another object.
    """
    if key is None:
        return None
    rows = tenancy.filtered(ProcessInstance.objects.filter(user=by), user=by)
    mine: QuerySet[ProcessInstance] = rows.filter(idempotency_key=key)
    before = mine.select_related("process").first()
    if before is None:
        return None
    if process_name not in {before.process.title, before.process.code}:
        raise IdempotencyKeyReused
    if about is not None and before.object_id != str(about.pk):
        raise IdempotencyKeyReused
    return before


def composed(title: str | None, process: Process, document: models.Model) -> str:
    """Return the title of an instance: the given one, or process and document."""
    given = (title or "").strip()
    if given and given != "instance":
        return given
    return f"{process.title}: {document}"


def startable(name: str, *, by: Any) -> Published:
    """Return the published process of a name that this person may start.

    Raises ProcessNotFound, and ProcessNotAllowed where it is off or for others.
    """
    found = steps.read_published(name, by=by)
    if found is None:
        raise ProcessNotFound
    require_startable(found.process, found.groups, by=by)
    return found


def fresh(step: Step) -> WorkItem:
    """Return the first work item as it is after the automatic work that followed."""
    if not automatic.follows(step):
        return step.current
    return steps.with_all(WorkItem.objects.all()).get(pk=step.current.pk)


def first_item(instance: ProcessInstance) -> WorkItem:
    """Return the work item that an instance began with."""
    rows = WorkItem.objects.filter(instance=instance, workitem_from=None)
    item = steps.with_all(rows).order_by("id").first()
    if item is None:
        raise InstanceState("The process instance was prepared, and not started.")
    return item
