"""Drafts: made, saved, cloned and thrown away by whoever may design.

    draft = create_draft("Leave", by=alice)
    save_draft(draft, data, revision=draft.revision, by=alice)
    publish_process(draft, by=alice)        # workflow.publishing

Each verb is one transaction and is audited; a refusal changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from workflow import (
    audit,
    preparing,
    process_groups,
    reading,
    rights,
    validation,
    writing,
)
from workflow.definitions import ActivityData, ProcessData
from workflow.errors import ProcessInUse, ProcessInvalid, ProcessStale
from workflow.findings import Finding, refuse_errors
from workflow.models import Process, ProcessInstance
from workflow.models.sealing import immutable
from workflow.validation import limits, shape

RIGHT = "can_design"
END = ActivityData("end", "End", kind="dummy")
#: No drawing that a person makes is larger.
LARGEST_LAYOUT = 1_000_000

Layout = Mapping[str, Any] | None


def create_draft(
    title: str, *, by: Any, code: str = "", no_end: bool = False
) -> Process:
    """Return a new draft with nothing but its end, and without it with `no_end`.

    Without a code the title is the code; where the code is known, this is its next
    version. Raises ProcessRightMissing, and ProcessInvalid on a title of no use.
    """
    activities, end = ((), "") if no_end else ((END,), END.key)
    data = ProcessData(code or title, title, activities, (), begin="", end=end)
    rights.require(by, RIGHT)
    refuse_errors(limits.of(data), sentence="The process cannot be made:")
    return _created(data, by=by, layout=None)


def import_draft(data: ProcessData, *, by: Any, layout: Layout = None) -> Process:
    """Return a new draft with this content, what is to be mended included.

    Conditions that cannot be read and names that nobody registered are kept, for
    publishing to refuse. Raises ProcessRightMissing, and ProcessInvalid on the rest.
    """
    rights.require(by, RIGHT)
    return _created(_checked(data, is_tolerant=True), by=by, layout=layout)


def save_draft(
    process: Process,
    data: ProcessData,
    *,
    revision: int,
    by: Any,
    layout: Layout = None,
) -> Process:
    """Make a draft what the data say; `revision` is the one that was edited.

    What keeps its key keeps its row. Raises ProcessRightMissing, ProcessNotFound,
    ProcessImmutable, ProcessStale, and ProcessInvalid with every finding in `errors`.
    """
    rights.require(by, RIGHT)
    with writing.changing(by):
        row = held_draft(process, by=by)
        if row.revision != revision:
            raise ProcessStale(extra={"revision": row.revision})
        ready = _checked(data)
        if ready.code != row.code:
            raise ProcessInvalid("A process keeps its code.")
        before = row.title
        row.revision += 1
        row.soundness = {}
        writing.write(row, ready, writing.named_in(ready))
        _draw(row, layout)
        _follow_title(row, before)
        _record("process.saved", row, by=by, revision=row.revision)
    return _shown(process)


def clone_process(process: Process, *, by: Any) -> Process:
    """Return a new draft that is a copy of any version, drawing included.

    It keeps all keys, and begins without a note, a publisher or an instant.
    Raises ProcessRightMissing and ProcessNotFound.
    """
    rights.require(by, RIGHT)
    with writing.changing(by):
        writing.lock(process.code)
        source = writing.held(process, by=by)
        data = writing.copied(reading.data_of(source))
        draft = writing.add_version(data, enabled=source.enabled)
        if layout := reading.layout_of(source):
            writing.draw(draft, layout)
        _record("process.cloned", draft, by=by, from_version=source.version)
    return draft


def delete_draft(process: Process, *, by: Any) -> None:
    """Throw a draft away. Raises ProcessRightMissing, ProcessNotFound,
    ProcessImmutable, and ProcessInUse where an instance is or was on it.
    """  # noqa: D205 - one sentence
    rights.require(by, RIGHT)
    with writing.changing(by):
        row = held_draft(process, by=by)
        if ProcessInstance.objects.filter(process=row).exists():
            raise ProcessInUse
        _record("process.deleted", row, by=by)
        writing.erase(row)


def held_draft(process: Process, *, by: Any) -> Process:
    """Return the locked row of a draft. Raises ProcessNotFound, ProcessImmutable."""
    row = writing.held(process, by=by)
    if row.status != Process.Status.DRAFT:
        raise immutable(row.pk)
    return row


def _created(data: ProcessData, *, by: Any, layout: Layout) -> Process:
    with writing.changing(by):
        writing.lock(data.code)
        draft = writing.add_version(data)
        process_groups.make(draft)
        _draw(draft, layout)
        _record("process.created", draft, by=by)
    return draft


def _checked(data: ProcessData, *, is_tolerant: bool = False) -> ProcessData:
    """Return what may be stored of a draft. Raises ProcessInvalid."""
    ready, found = preparing.prepared(data)
    if is_tolerant:
        wrong = limits.of(ready) or list(shape.of(ready))
    else:
        wrong = [*found, *validation.written(ready)]
    refuse_errors(wrong, sentence="The draft cannot be saved:")
    return preparing.stored(ready, found)


def _draw(process: Process, layout: Layout) -> None:
    """Store the drawing, if one was sent. Raises ProcessInvalid on one of no use."""
    if layout is None:
        return
    if not limits.is_object(layout, most=LARGEST_LAYOUT):
        wrong = Finding("process.layout", "It is too large, or cannot be stored.")
        refuse_errors([wrong], sentence="The drawing cannot be saved:")
    writing.draw(process, layout)


def _follow_title(process: Process, before: str) -> None:
    """Rename the group of the process, once no other version has the old title."""
    others = Process.objects.filter(code=process.code, title=before)
    if not others.exclude(pk=process.pk).exists():
        process_groups.follow(process, before=before)


def _record(action: str, process: Process, *, by: Any, **details: Any) -> None:
    about = {"code": process.code, "version": process.version, **details}
    audit.record(action, by=by, process_id=process.pk, metadata=about)


def _shown(process: Process) -> Process:
    """Let the caller's own object show the new state."""
    process.refresh_from_db()
    return process
