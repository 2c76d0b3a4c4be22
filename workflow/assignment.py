"""Who does the work: push applications choose, roles offer, and requests are refused.

A new work item is pushed to one person, or offered to the members of its roles.
"""

import logging
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from workflow import handlers
from workflow.errors import NotCandidate
from workflow.graph import Graph, Node
from workflow.models import WorkItem
from workflow.steps import PushFailed, Step, later

logger = logging.getLogger(__name__)

#: An automatic work item is run at once; a run that died is found again after this.
AUTO_GRACE = timedelta(seconds=30)

Placed = tuple[WorkItem, Node]


def is_candidate(node: Node, user: Any, *, groups: frozenset[int]) -> bool:
    """Say whether a person with these groups may do the work of an activity."""
    return (
        user.is_superuser
        or node.is_open_to_all
        or user.pk in node.allowed_user_ids
        or not groups.isdisjoint(node.offered_group_ids)
    )


def require_candidate(step: Step) -> None:
    """Raise NotCandidate unless whoever acts may do the work of the current item."""
    if step.node.is_automatic:
        raise NotCandidate("The engine does this work itself.")
    if may_anyway(step.current, step.graph, by=step.by):
        return
    if not is_candidate(step.node, step.by, groups=step.groups):
        raise NotCandidate


def may_anyway(item: WorkItem, version: Graph, *, by: Any) -> bool:
    """Say whether a person may do work of people, candidate or not.

    At the begin the requester may always go on, and so may a delegate anywhere.
    """
    is_delegate = item.user_id == by.pk and item.delegated_by_id is not None
    is_begin = version.key_of(item.activity_id) == version.begin
    return is_delegate or (is_begin and item.instance.user_id == by.pk)


def place(step: Step, placed: list[Placed]) -> None:
    """Give each new work item to a person, to its roles, or to the engine."""
    from workflow import subflow

    chosen = {item.pk: push(step, item, node) for item, node in placed}
    groups = memberships(chosen, placed)
    for item, node in placed:
        if node.is_subflow:
            subflow.begin(step, item, node)
            continue
        if node.is_automatic:
            run_soon(step, item)
            continue
        user = chosen[item.pk]
        if user is not None and is_candidate(node, user, groups=groups[user.pk]):
            hold(step, item, user)
        else:
            offer(step, item, node)
        if item.is_open:
            set_timeouts(step, item, node)


def run_soon(step: Step, item: WorkItem) -> None:
    """Let the engine do the work after the commit, and again if that dies."""
    step.automatic.append(item.pk)
    step.arm("auto", item, later(step, AUTO_GRACE))


def push(step: Step, item: WorkItem, node: Node) -> Any:
    """Return whom the push application chose, or None.

    Raises PushFailed where it raises, since a failed statement spoils the step.
    """
    where = (step.instance.process_id, node.key)
    if not node.push_application or where in step.unpushable:
        return None
    try:
        handler = handlers.push_applications.get(node.push_application)
        step.together()
        user = handler(item, **node.pushapp_param)
    except Exception as problem:
        logger.exception(
            "workflow.push_failed", extra={"handler": node.push_application}
        )
        raise PushFailed(where) from problem
    is_person = isinstance(user, get_user_model())
    return user if is_person and user.is_active else None


def memberships(
    chosen: dict[int, Any], placed: list[Placed]
) -> dict[int, frozenset[int]]:
    """Return the groups of everybody who was chosen for work with roles."""
    users = {user.pk: user for user in chosen.values() if user is not None}
    found: dict[int, set[int]] = {key: set() for key in users}
    if any(node.offered_group_ids and chosen[item.pk] for item, node in placed):
        through = get_user_model().groups.through
        rows = through.objects.filter(user_id__in=users)
        for user_id, group_id in rows.values_list("user_id", "group_id"):
            found[user_id].add(group_id)
    return {key: frozenset(groups) for key, groups in found.items()}


def hold(step: Step, item: WorkItem, user: Any) -> None:
    """Let a person hold a new work item, and tell them unless they act themselves."""
    item.user = user
    step.event("workitem.assigned", item, mode="push", user_id=user.pk)
    if step.by is None or user.pk != step.by.pk:
        step.arm("notice", item, step.now)


def offer(step: Step, item: WorkItem, node: Node) -> None:
    """Offer a new work item to its roles.

    Where a push application should have chosen and there is no role to fall back on,
    the item falls out: nobody would ever see it.
    """
    if node.push_application and node.is_open_to_all:
        item.status = WorkItem.Status.FALLOUT
        step.fall_out(
            item,
            before="inactive",
            kind="push.no_user",
            message=f"{node.push_application} chose nobody who may do this.",
        )
        return
    step.offered.extend(
        {"workitem_id": item.pk, "group_id": group} for group in node.offered_group_ids
    )


def set_timeouts(step: Step, item: WorkItem, node: Node) -> None:
    """Set the timers of the transitions that time takes."""
    for edge in step.graph.timeouts(node.key):
        if edge.timeout is not None:
            step.arm("timeout", item, later(step, edge.timeout), edge)
