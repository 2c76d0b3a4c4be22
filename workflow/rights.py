"""Who may do what with processes, and who may start one."""

from typing import Any

from workflow import graph
from workflow.errors import ProcessNotAllowed, ProcessRightMissing
from workflow.models import Process


def require(by: Any, right: str) -> None:
    """Raise ProcessRightMissing unless an active person holds `workflow.<right>`."""
    if not holds(by, right):
        raise ProcessRightMissing


def holds(user: Any, right: str) -> bool:
    """Say whether an active person holds `workflow.<right>`.

    An account of a program designs and publishes nothing, whatever it holds.
    """
    is_person = user is not None and user.is_active and user.kind == "person"
    return bool(is_person and user.has_perm(f"workflow.{right}"))


def require_startable(process: Process, groups: frozenset[int], *, by: Any) -> None:
    """Raise ProcessNotAllowed where a process is off, or not for this person.

    `groups` are the numbers of the person's groups. Whoever starts may start
    processes at all, and is in one of the groups of the version, if it names any.
    """
    if not process.enabled or not by.is_active:
        raise ProcessNotAllowed
    allowed = graph.of(process).start_group_ids
    if by.is_superuser:
        return
    if not by.has_perm("workflow.can_instantiate"):
        raise ProcessNotAllowed
    if allowed and groups.isdisjoint(allowed):
        raise ProcessNotAllowed
