"""Processes that a process runs as its subflows."""

from collections.abc import Iterator

from workflow.definitions import ActivityData, ProcessData
from workflow.findings import Finding
from workflow.models import Activity, Process
from workflow.preparing import schema_of
from workflow.validation import mapping
from workflow.validation.shape import LATEST
from workflow.validation.ways import reached

VERSIONS = (Process.Status.PUBLISHED, Process.Status.RETIRED)


def of(data: ProcessData) -> Iterator[Finding]:
    """Return subflows that cannot run, run for ever, or map badly."""
    for activity in data.activities:
        if activity.kind == "subflow":
            yield from _subflow(data, activity)
    yield from _recursion(data)


def _subflow(data: ProcessData, activity: ActivityData) -> Iterator[Finding]:
    if activity.subflow == data.code:
        return  # told as a recursion
    child = version_of(activity.subflow, activity.subflow_binding)
    if child is None:
        yield Finding(
            "subflow.missing",
            f"{activity.title!r} runs {activity.subflow!r}, which is not published in"
            f" the version {activity.subflow_binding!r}.",
            activity=activity.key,
            field="subflow",
        )
        return
    yield from _mapped(data, activity, child)


def _mapped(
    data: ProcessData, activity: ActivityData, child: Process
) -> Iterator[Finding]:
    sides = {"parent": schema_of(data), "child": child.data_schema}
    found = (
        ("map_in", mapping.into_child(activity.map_in, **sides)),
        ("map_out", mapping.back_to_parent(activity.map_out, **sides)),
    )
    for field, sentences in found:
        for sentence in sentences:
            yield Finding(
                "subflow.mapping",
                f"{activity.title!r}, {field}: {sentence}",
                activity=activity.key,
                field=field,
            )


def version_of(code: str, binding: str) -> Process | None:
    """Return the version that a subflow runs: the published one, or a numbered one.

    A numbered version may be retired, since it is not started by people; None where
    there is none.
    """
    rows = Process.objects.filter(code=code)
    if binding == LATEST:
        return rows.filter(status=Process.Status.PUBLISHED).first()
    return rows.filter(status__in=VERSIONS, version=int(binding)).first()


def _recursion(data: ProcessData) -> Iterator[Finding]:
    """Look for a subflow that runs the process itself, however far down."""
    subflows = [one for one in data.activities if one.kind == "subflow"]
    steps = list(_calls()) if subflows else []
    for activity in subflows:
        begin = f"{activity.subflow} {activity.subflow_binding}"
        codes = {name.rpartition(" ")[0] for name in reached(begin, steps)}
        if data.code in codes:
            yield Finding(
                "subflow.recursion",
                f"{activity.title!r} runs {activity.subflow!r}, which leads back to"
                f" {data.code!r}.",
                activity=activity.key,
                field="subflow",
            )


def _calls() -> Iterator[tuple[str, str]]:
    """Yield who runs whom: a code with the number of a version, or with `latest`."""
    rows = Activity.objects.filter(kind="subflow", process__status__in=VERSIONS)
    columns = ("process__code", "process__version", "process__status")
    for code, version, status, subflow, binding in rows.values_list(
        *columns, "subflow", "subflow_binding"
    ):
        yield f"{code} {version}", f"{subflow} {binding}"
        if status == Process.Status.PUBLISHED:
            yield f"{code} {LATEST}", f"{code} {version}"
