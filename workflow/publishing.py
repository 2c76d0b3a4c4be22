"""From a draft, or from a process as data, to the version that starts; and back."""

from typing import Any

from kernel import clock
from tenants import scheduler
from workflow import (
    announcing,
    audit,
    comparing,
    graph,
    preparing,
    process_groups,
    reading,
    rights,
    validation,
    writing,
)
from workflow.definitions import ProcessData
from workflow.errors import (
    ProcessHandlerMissing,
    ProcessNotDraft,
    ProcessNotPublished,
    ProcessTampered,
)
from workflow.findings import Finding, errors, refuse_errors
from workflow.models import Process
from workflow.validation import names, subflows

RIGHT = "can_publish"
REFUSED = "The process {title!r} cannot be published:"
#: Versions of a tenant are published one after another: two that are published at once
#: could be the same code, or begin to run each other as subflows.
PUBLISHING = "all codes"

Status = Process.Status


def install_process(data: ProcessData, *, by: Any = None) -> Process:
    """Publish a process of an app and return it; the same content publishes nothing.

    A changed content becomes a new version, and the old one is retired; running
    instances stay on the version they began with, and a process that is switched off
    stays off. This is for code: no right is asked for.
    Raises ProcessInvalid with every finding in `errors`.
    """
    with writing.changing(by):
        writing.lock(PUBLISHING)
        writing.lock(data.code)
        ready = _publishable(data, drawn=False)
        published = _in_force(data.code)
        if published is not None and _runs(published, ready):
            return published
        enabled = published is None or published.enabled
        process = writing.add_version(ready, enabled=enabled)
        return _published(process, by=by)


def publish_process(process: Process, *, by: Any) -> Process:
    """Publish a draft, or a retired version again; the published one is retired.

    Raises ProcessRightMissing, ProcessNotFound, ProcessNotDraft where it is published
    already, ProcessInvalid, and of a retired version ProcessHandlerMissing and
    ProcessTampered.
    """
    rights.require(by, RIGHT)
    with writing.changing(by):
        writing.lock(PUBLISHING)
        row = writing.held(process, by=by)
        if row.status == Status.PUBLISHED:
            raise ProcessNotDraft
        if row.status == Status.RETIRED:
            _publish_again(row, by=by)
        else:
            _publish_draft(row, by=by)
    process.refresh_from_db()
    return process


def retire_process(process: Process, *, by: Any) -> Process:
    """Let nothing start on a published version any more; what runs goes on.

    Raises ProcessRightMissing, ProcessNotFound and ProcessNotPublished.
    """
    rights.require(by, RIGHT)
    with writing.changing(by):
        writing.lock(PUBLISHING)
        row = writing.held(process, by=by)
        if row.status != Status.PUBLISHED:
            raise ProcessNotPublished
        retire(row, by=by)
    process.refresh_from_db()
    return process


def switch(process: Process, *, enabled: bool, by: Any) -> None:
    """Switch a process off, so that its work waits, or on again.

    Raises ProcessRightMissing and ProcessNotFound.
    """
    rights.require(by, RIGHT)
    with writing.changing(by):
        writing.held(process, by=by)
        process.enabled = enabled
        process.save(update_fields=["enabled"])
        action = "process.enabled" if enabled else "process.disabled"
        audit.record(action, by=by, process_id=process.pk)
        if enabled:
            # Its timers were passed over; whatever is due is done now.
            scheduler.arm(clock.now())


def findings(process: Process) -> list[Finding]:
    """Return what is to be said about a version as it is stored, warnings too."""
    data = preparing.retyped(reading.data_of(process))
    return examined(data, drawn=process.status == Status.DRAFT)[1]


def examined(data: ProcessData, *, drawn: bool) -> tuple[ProcessData, list[Finding]]:
    """Return the process as it is stored, and everything to be said about it.

    What an app wrote down is not `drawn`, and follows fewer rules.
    """
    ready, found = preparing.prepared(data)
    if errors(found):
        # What could not be read cannot be followed either.
        return ready, [*found, *validation.written(ready)]
    return ready, [*found, *validation.everything(ready, drawn=drawn)]


def _publishable(data: ProcessData, *, drawn: bool) -> ProcessData:
    """Return the process as it is stored. Raises ProcessInvalid."""
    ready, found = examined(data, drawn=drawn)
    refuse_errors(found, sentence=REFUSED.format(title=data.title))
    return ready


def _runs(published: Process, data: ProcessData) -> bool:
    """Tell whether a version does what the data say, and was not tampered with."""
    try:
        graph.of(published)
    except ProcessTampered:
        return False
    return comparing.same(reading.data_of(published), data)


def _in_force(code: str) -> Process | None:
    return Process.objects.published().filter(code=code).first()


def _publish_draft(row: Process, *, by: Any) -> None:
    data = reading.data_of(row)
    ready = _publishable(preparing.retyped(data), drawn=True)
    if ready != data:
        writing.write(row, ready, writing.named_in(ready))
    before = _in_force(row.code)
    _published(row, by=by)
    if before is not None:
        process_groups.follow(row, before=before.title)


def _publish_again(row: Process, *, by: Any) -> None:
    """Publish a retired version as it was. Rules that are newer do not stop it."""
    data = reading.data_of(row)
    missing = list(names.registered(data))
    if missing:
        raise ProcessHandlerMissing(
            f"{REFUSED.format(title=row.title)} {missing[0].message}",
            extra={"errors": [finding.as_error() for finding in missing]},
        )
    refuse_errors(subflows.of(data), sentence=REFUSED.format(title=row.title))
    content_hash = graph.fingerprint(graph.load(row.pk))
    if content_hash != row.content_hash:
        raise ProcessTampered
    note = f"rollback to version {row.version}"
    _take_over(row, content_hash, by=by, note=note, rollback=True)


def _published(row: Process, *, by: Any) -> Process:
    content_hash = graph.fingerprint(graph.load(row.pk))
    return _take_over(row, content_hash, by=by, note=row.version_note)


def _take_over(
    row: Process, content_hash: str, *, by: Any, note: str, **details: Any
) -> Process:
    """Put a version in the place of the published one."""
    published = _in_force(row.code)
    if published is not None:
        retire(published, by=by)
    now = clock.now()
    Process.objects.filter(pk=row.pk).written(
        status=Status.PUBLISHED,
        published_at=now,
        published_by=by,
        date=now,
        content_hash=content_hash,
        version_note=note,
    )
    row.refresh_from_db()
    about = {"code": row.code, "version": row.version, **details}
    audit.record("process.published", by=by, process_id=row.pk, metadata=about)
    announcing.published(row, by=by)
    return row


def retire(process: Process, *, by: Any) -> None:
    """Retire a version that is held; who calls has asked for a right."""
    Process.objects.filter(pk=process.pk).written(status=Status.RETIRED)
    audit.record("process.retired", by=by, process_id=process.pk)


def erase(process: Process, *, by: Any) -> None:
    """Throw away a published or retired version that no instance was ever on.

    Who calls has asked for a right, and holds its row against new instances.
    """
    Process.objects.filter(pk=process.pk).written(
        status=Status.DRAFT, published_at=None, published_by=None, content_hash=""
    )
    about = {"code": process.code, "version": process.version}
    audit.record("process.deleted", by=by, process_id=process.pk, metadata=about)
    writing.erase(process)
