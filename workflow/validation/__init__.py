"""What is wrong with a process, found on plain data before anything is written.

    written(data)      what no draft may be saved with
    everything(data)   what keeps a process from being published, and warnings

Both take a process that `preparing.prepared` made. The rules on the meaning of the
drawing as a whole (soundness) are asked by `everything` too, when the rest is right.
"""

from collections.abc import Iterator

from workflow.definitions import ProcessData
from workflow.findings import Finding, errors
from workflow.validation import doubts, limits, names, shape, subflows, ways

__all__ = ["everything", "written"]

#: What the designer forbids for the drawing's sake and the engine runs.
DRAWN = frozenset({"process.begin_has_input", "transition.unnamed"})


def written(data: ProcessData) -> list[Finding]:
    """Return what no draft may be saved with: its shape, and names nobody registered.

    What cannot be stored at all comes alone.
    """
    return limits.of(data) or [*shape.of(data), *names.of(data)]


def everything(data: ProcessData, *, drawn: bool = True) -> list[Finding]:
    """Return every finding about a process that is to be published, warnings too.

    What an app wrote down is not drawn: what only the designer forbids is a warning.
    """
    found = [_as_drawn(finding, drawn=drawn) for finding in written(data)]
    if errors(found):
        return found
    found += _meaning(data)
    return found if errors(found) else [*found, *doubts.of(data)]


def _meaning(data: ProcessData) -> Iterator[Finding]:
    yield from ways.of(data)
    yield from subflows.of(data)


def _as_drawn(finding: Finding, *, drawn: bool) -> Finding:
    if drawn or finding.code not in DRAWN:
        return finding
    return Finding(
        finding.code,
        finding.message,
        level="warning",
        activity=finding.activity,
        transition=finding.transition,
    )
