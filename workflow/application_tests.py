"""The test process of an application: one activity, at which somebody works with it.

    make_test_process("edit_model", by=alice)      # publishes `test_edit_model`
    remove_test_process("edit_model", by=alice)

Both ask for `can_design` and not for `can_publish`: nobody may start a test process but
the members of its own group, which has no rights, and the prefix says what it is.
Whatever else is named like it is left alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
from django.urls import NoReverseMatch, reverse

from kernel.text import has_controls, storable
from workflow import (
    audit,
    handlers,
    process_groups,
    publishing,
    rights,
    starts,
    tenancy,
    writing,
)
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.errors import (
    ApplicationNotFound,
    ProcessInvalid,
    ProcessNameTaken,
    ProcessNotFound,
)
from workflow.models import Process, ProcessInstance
from workflow.validation.limits import MOST_TITLE

RIGHT: Final = "can_design"
PREFIX: Final = "test_"
END: Final = ActivityData("end", "End", kind="dummy")

Status = Process.Status


@dataclass(frozen=True, slots=True)
class Made:
    """A test process that somebody may start now."""

    process: Process
    #: Whether that is so since just now.
    is_new: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of a test process."""

    #: So many instances began on it; it was retired where there are any.
    kept: int


@dataclass(frozen=True, slots=True)
class Trial:
    """An application, and how it stands with its test process."""

    application: str
    #: The published test process.
    process: Process | None
    #: Whether the reader may make one, or join those who may start it.
    may_make: bool
    may_start: bool


def make_test_process(application: str, *, by: Any) -> Made:
    """Publish a test process where there is none, and let this person start it.

    Raises ProcessRightMissing, ApplicationNotFound, ProcessInvalid where no process
    can have the name, ProcessNameTaken where another one has it, and ProcessNotFound
    where the tenant's own filter hides the test process from this person.
    """
    rights.require(by, RIGHT)
    require_usable(application)
    with writing.changing(by):
        writing.lock(publishing.PUBLISHING)
        before = _in_force(application, by=by)
        group = _group_of(application, by=by)
        data = data_of(application, group=group.name)
        process = publishing.install_process(data, by=by)
        has_joined = _join(group, process, by=by)
    is_published = before is None or before.pk != process.pk
    return Made(process, is_new=is_published or has_joined)


def remove_test_process(application: str, *, by: Any) -> Removed:
    """Throw a test process away with its group; one that was used is retired instead.

    The group stays for as long as a version names it. The application need not be
    registered any more.
    Raises ProcessRightMissing, ProcessNotFound where there is none, and
    ProcessNameTaken where another process has its name.
    """
    rights.require(by, RIGHT)
    with writing.changing(by):
        writing.lock(publishing.PUBLISHING)
        if not is_name(application) or _in_force(application, by=by) is None:
            raise ProcessNotFound
        found = _versions(application, by=by)
        groups = {group for row in found for group in row.start_groups.all()}
        kept = sum(_put_away(row, by=by) for row in found)
        _drop(groups, code=code_of(application))
    return Removed(kept)


def every(*, reader: Any) -> list[Trial]:
    """Return all applications with their test processes, for whoever may design.

    One that is no longer registered is there for as long as its test process is.
    The number of statements does not depend on how many there are.
    """
    rights.require(reader, RIGHT)
    found = {_application_of(row): row for row in _published(reader)}
    keys = [row.pk for row in found.values()]
    startable = starts.startable_by(reader).filter(pk__in=keys)
    mine = set(startable.values_list("pk", flat=True))
    names = sorted({*handlers.applications.entries, *found})
    return [_trial(name, found.get(name), mine, reader=reader) for name in names]


def data_of(application: str, *, group: str) -> ProcessData:
    """Return the process as data: work with the application, and it is over."""
    code = code_of(application)
    return ProcessData(
        code=code,
        title=code,
        description="Try an application: one activity, about a default document.",
        begin="try",
        end=END.key,
        activities=(ActivityData("try", "Try it", application=application), END),
        transitions=(TransitionData("try", END.key, "Done"),),
        start_groups=(group,),
    )


def code_of(application: str) -> str:
    """Return the code of the test process of an application, which is its title."""
    return f"{PREFIX}{application}"


def require_usable(application: str) -> None:
    """Raise ApplicationNotFound, or ProcessInvalid where no process has such a name."""
    if application not in handlers.applications:
        raise ApplicationNotFound
    if not is_name(application):
        raise ProcessInvalid(
            "No test process can be named after this application: the name has at"
            f" most {MOST_TITLE - len(PREFIX)} characters, and none that an address"
            " cannot hold."
        )


def is_name(application: str) -> bool:
    """Tell whether a process and the addresses of pages can carry the name."""
    if len(code_of(application)) > MOST_TITLE or not application.strip(" ."):
        return False
    if not storable(application) or has_controls(application):
        return False
    try:
        reverse("workflow:application", args=[application, 1])
    except NoReverseMatch:
        return False
    return True


def _trial(name: str, process: Process | None, mine: set[int], *, reader: Any) -> Trial:
    may_start = process is not None and process.pk in mine
    is_offered = name in handlers.applications and is_name(name)
    could_join = process is None or (
        process.enabled and reader.has_perm("workflow.can_instantiate")
    )
    may_make = is_offered and could_join and not may_start
    return Trial(name, process, may_make, may_start)


# Which versions are test processes


def _published(reader: Any) -> list[Process]:
    rows = tenancy.filtered(Process.objects.published(), user=reader)
    named = Concat(Value(PREFIX), F("begin__application__url"))
    return [row for row in _with_all(rows.filter(code=named)) if _is_test(row)]


def _versions(application: str, *, by: Any) -> list[Process]:
    """Return the versions that are, or were, the test process; the newest first."""
    was_published = Process.objects.exclude(status=Status.DRAFT)
    rows = tenancy.filtered(was_published, user=by).filter(code=code_of(application))
    return [row for row in _with_all(rows).order_by("-version") if _is_test(row)]


def _with_all(rows: "QuerySet[Process]") -> "QuerySet[Process]":
    return rows.select_related("begin__application").prefetch_related(
        "activities", "start_groups"
    )


def _is_test(row: Process) -> bool:
    """Tell whether a version is what is made here: drawn ones are others' business."""
    places = {activity.pk for activity in row.activities.all()}
    groups = [group.name for group in row.start_groups.all()]
    return (
        row.code == row.title == code_of(_application_of(row))
        and places == {row.begin_id, row.end_id}
        and len(groups) == 1
        and groups[0] in process_groups.names(row.code)
    )


def _application_of(row: Process) -> str:
    application = row.begin.application if row.begin else None
    return application.url if application else ""


def _in_force(application: str, *, by: Any) -> Process | None:
    """Return the published test process.

    Raises ProcessNameTaken where something else is found under its name, and
    ProcessNotFound where it is not this person's to see.
    """
    named = Process.objects.published().named(code_of(application))
    rows = list(_with_all(named))
    if not all(map(_is_test, rows)):
        raise ProcessNameTaken
    if not rows:
        return None
    return writing.held(rows[0], by=by)


# Who may start


def _group_of(application: str, *, by: Any) -> Group:
    """Return the group of the versions so far, or a new one. Raises ProcessInvalid."""
    code = code_of(application)
    for row in _versions(application, by=by):
        for group in row.start_groups.all():
            if _serves_only(group, code):
                return group
    return process_groups.unused(code)


def _serves_only(group: Group, code: str) -> bool:
    """Tell whether to be in a group means nothing but to start a test process."""
    has_rights = group.permissions.exists()
    return not has_rights and not process_groups.is_shared(group, code)


def _join(group: Group, process: Process, *, by: Any) -> bool:
    """Put a person into the group; tell whether they were not there."""
    if group.user_set.filter(pk=by.pk).exists():
        return False
    by.groups.add(group)
    about = {"code": process.code, "version": process.version, "group": group.name}
    audit.record("process.joined", by=by, process_id=process.pk, metadata=about)
    return True


def _put_away(row: Process, *, by: Any) -> int:
    """Retire a version that was used, and delete any other; return its instances."""
    # Whoever writes an instance now waits, and then finds that its process is gone.
    Process.objects.select_for_update().get(pk=row.pk)
    used: int = ProcessInstance.objects.filter(process=row).count()
    if not used:
        publishing.erase(row, by=by)
    elif row.status == Status.PUBLISHED:
        publishing.retire(row, by=by)
    return used


def _drop(groups: Iterable[Group], *, code: str) -> None:
    """Delete the groups that no version names any more."""
    for group in groups:
        is_named = Process.objects.filter(start_groups=group).exists()
        if not is_named and _serves_only(group, code):
            group.delete()
