"""Claim, release, reassign, delegate: a work item changes hands.

Each is one step, as in `workflow.engine`; the token stays where it is, and so do the
timeouts: they belong to the work and not to who has it.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model

from workflow import variables
from workflow.acting import act
from workflow.assignment import is_candidate, require_candidate
from workflow.errors import (
    AssigneeInvalid,
    AssigneeNotCandidate,
    NotAllowed,
    NotHolder,
    WorkItemHeld,
    WorkItemState,
)
from workflow.graph import Graph, Node
from workflow.models import WorkItem
from workflow.moves import require_move, require_running
from workflow.steps import Step

Status = WorkItem.Status


def claim_work_item(item: WorkItem, *, by: Any) -> WorkItem:
    """Hold a work item without starting on it; doing it twice changes nothing.

    Raises WorkItemHeld, NotCandidate, WorkItemState and ProcessDisabled.
    """

    def decide(step: Step) -> None:
        require_takeable(step)
        if step.current.user_id is None:
            give(step, "workitem.assigned", to=step.by.pk, mode="claim")

    return act(item, by, decide)


def release_work_item(item: WorkItem, *, by: Any) -> WorkItem:
    """Give a work item back to its roles.

    Raises NotHolder for anybody but its holder and who may reassign, and
    WorkItemState where nobody holds it or nobody else could take it.
    """

    def decide(step: Step) -> None:
        item = step.current
        if item.user_id != step.by.pk and not may_reassign(step.by):
            raise NotHolder
        require_running(step)
        require_move(item, "release")
        if item.user_id is None:
            raise WorkItemState("Nobody holds this work item.")
        if not is_pullable(step.graph, step.node):
            raise WorkItemState("Nobody else is offered this work; reassign it.")
        step.event(
            "workitem.released",
            item,
            moved=(item.status, "inactive"),
            user_id=item.user_id,
        )
        step.offered.extend(
            {"workitem_id": item.pk, "group_id": group}
            for group in step.node.offered_group_ids
        )
        hand(step, None)

    return act(item, by, decide)


def reassign_work_item(item: WorkItem, *, to: Any, by: Any) -> WorkItem:
    """Give a work item to somebody who may do it, whoever holds it.

    Raises NotAllowed, AssigneeNotCandidate, WorkItemState and WorkItemClosed.
    """

    def decide(step: Step) -> None:
        if not may_reassign(step.by):
            raise NotAllowed("You may not give work to others.")
        require_running(step)
        require_move(step.current, "reassign")
        if not is_person(to) or not may_do(to, step.node):
            raise AssigneeNotCandidate
        give(step, "workitem.reassigned", to=to.pk, former=step.current.user_id)

    return act(item, by, decide)


def is_person(user: Any) -> bool:
    """Tell whether somebody could do the work: accounts of programs do none."""
    return bool(user.is_active and user.kind == "person")


def delegate_work_item(
    item: WorkItem, *, to: Any, by: Any, return_to_me: bool = False
) -> WorkItem:
    """Let somebody else do a work item that you hold.

    With `return_to_me` it comes back when they complete it, and goes on when you do;
    what has to come back to somebody already goes back to them and not to you.
    The delegate need not be a candidate: the holder answers for the choice.
    Raises NotHolder, AssigneeInvalid, WorkItemState and WorkItemClosed.
    """

    def decide(step: Step) -> None:
        item = step.current
        if item.user_id != step.by.pk:
            raise NotHolder
        require_running(step)
        require_move(item, "delegate")
        if not is_person(to) or to.pk == step.by.pk:
            raise AssigneeInvalid
        owed = item.returns, item.delegated_by_id
        give(step, "workitem.delegated", to=to.pk, return_to_me=return_to_me)
        item.returns = owed[0] or return_to_me
        item.delegated_by_id = owed[1] if owed[0] else step.by.pk

    return act(item, by, decide)


def require_takeable(step: Step) -> None:
    """Let whoever acts have the current work item.

    Raises WorkItemHeld, NotCandidate, InstanceState, ProcessDisabled, WorkItemState.
    """
    if step.current.user_id not in {None, step.by.pk}:
        raise WorkItemHeld
    require_candidate(step)
    require_running(step)
    require_move(step.current, "activate")


def must_return(item: WorkItem) -> bool:
    """Tell whether completing this work item hands it back to who delegated it."""
    return item.returns and item.delegated_by_id != item.user_id


def give_back(
    step: Step, *, outcome: str | None, data: Mapping[str, Any] | None, comment: str
) -> None:
    """Hand a delegated work item back; the answer is the delegator's to give.

    What the delegate would answer, and why, is kept in the audit.
    """
    if data:
        step.instance.data = variables.merged(step, data)
    delegator = step.current.delegated_by_id
    give(step, "workitem.returned", to=delegator, condition=outcome, comment=comment)


def give(step: Step, action: str, *, to: int | None, **metadata: Any) -> None:
    """Hand the current work item to a person, and tell them unless they act."""
    item = step.current
    step.event(action, item, moved=(item.status, "inactive"), user_id=to, **metadata)
    hand(step, to)
    if to != step.by.pk:
        step.arm("notice", item, step.now)


def hand(step: Step, to: int | None) -> None:
    """Make the current work item inactive, held by a person or by nobody."""
    step.change(
        step.current,
        status=Status.INACTIVE.value,
        user_id=to,
        delegated_by_id=None,
        returns=False,
    )


def person(user_id: int) -> Any:
    """Return who is meant by a number of the API. Raises AssigneeInvalid."""
    people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name
    found = people.filter(pk=user_id, is_active=True).first()
    if found is None:
        raise AssigneeInvalid
    return found


def may_reassign(user: Any) -> bool:
    return bool(user.has_perm("workflow.can_reassign"))


def may_do(user: Any, node: Node) -> bool:
    """Tell whether a person may do the work of an activity."""
    groups = frozenset(user.groups.values_list("pk", flat=True))
    return not node.is_automatic and is_candidate(node, user, groups=groups)


def is_pullable(version: Graph, node: Node) -> bool:
    """Tell whether work at an activity can be offered to people who may take it."""
    is_pushed = bool(node.push_application) or node.key == version.begin
    return not node.is_automatic and not (node.is_open_to_all and is_pushed)
