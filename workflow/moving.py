"""Let the token of a work item go on: what routing decided, put on the step."""

from collections.abc import Sequence
from typing import Any

from workflow import conf, handlers, routing
from workflow.assignment import Placed, place
from workflow.deciding import Deciding, called, transition_of
from workflow.errors import ForwardedAlready, NoMatch, TokenLimit
from workflow.graph import Edge, Graph
from workflow.models import WorkItem
from workflow.routing import Created, Moves, Released
from workflow.steps import Step

Status = WorkItem.Status
#: Numbers that a step which sends a token on reserves while it reads: most activities
#: lead to one or two others.
SPARE = 2


def complete(
    step: Step, item: WorkItem, *, before: str, outcome: str | None, **said: Any
) -> None:
    """Complete a work item with an outcome; its token is still to be sent on.

    Without an outcome the token keeps the one it came with. `said` is what the audit
    keeps beside it.
    """
    step.event("workitem.completed", item, moved=(before, "complete"), **said)
    if outcome is not None:
        item.condition = step.instance.condition = outcome
    step.change(item, status=Status.COMPLETE.value, completed_at=step.now)
    step.end_timers(item)


def forward(step: Step, item: WorkItem) -> None:
    """Choose the transitions of a completed work item and let its token go on.

    Raises NoMatch, with the accepted answers, where no transition can be taken, and
    ForwardedAlready for a token that has left.
    """
    if item.forwarded_at is not None:
        raise ForwardedAlready
    key = step.graph.key_of(item.activity_id)
    taken = routing.choose(step.graph, key, passes=Deciding(step, item).passes)
    if not taken:
        raise no_match(step.graph, key)
    go(step, item, taken)


def no_match(graph: Graph, key: str) -> NoMatch:
    """Return the refusal that lists what the activity accepts."""
    accepted = graph.outcomes(key)
    words = ", ".join(outcome.value for outcome in accepted if outcome.value)
    return NoMatch(
        f"No way leads on with this answer; accepted are: {words}." if words else "",
        extra={
            "accepted": [
                {"value": outcome.value, "label": outcome.label} for outcome in accepted
            ]
        },
    )


def go(step: Step, item: WorkItem, taken: Sequence[Edge]) -> None:
    """Move the token of a work item along transitions that were chosen."""
    key = step.graph.key_of(item.activity_id)
    ids = step.numbers(len(taken))
    moves = routing.forward(
        step.graph, step.marking, item=item.pk, activity=key, taken=taken, new_ids=ids
    )
    if moves.marking.size > int(conf.value("GOFLOW_MAX_TOKENS")):
        raise TokenLimit
    step.change(item, forwarded_at=step.now)
    step.marking = moves.marking
    step.event(
        "workitem.forwarded",
        item,
        edge=taken[0] if len(taken) == 1 else None,
        transitions=[edge.id for edge in taken],
        successors=[new.id for new in moves.created],
    )
    for edge in taken:
        step.fired.append((edge, item))
        if edge.post_hook:
            hook = handlers.hooks.get(edge.post_hook)
            step.together()
            called(edge.post_hook, hook, item, transition_of(edge))
    apply(step, item, moves)


def apply(step: Step, item: WorkItem, moves: Moves) -> None:
    """Put new and released work items on the step, and end the instance."""
    placed: list[Placed] = []
    for new in moves.created:
        placed.extend(create(step, new, item))
    for freed in moves.released:
        placed.extend(release(step, freed, item, arrived=freed.id in moves.touched))
    for number in moves.touched - step.released.keys():
        touch(step, number, item)
    place(step, placed)
    if moves.is_complete:
        step.move_instance("complete")
        bring_back(step)
    for number in moves.stuck:
        fall_out_at_join(step, number)


def open_join(step: Step, item: WorkItem) -> None:
    """Let a work item go on with what has arrived at its join."""
    key = step.graph.key_of(item.activity_id)
    moves = routing.open_join(step.graph, step.marking, item=item.pk, join=key)
    step.marking = moves.marking
    apply(step, item, moves)


def bring_back(step: Step) -> None:
    """See to it that the end of a subflow is noticed, also if this process dies."""
    parent = step.instance.parent_workitem
    if parent is not None:
        step.arm("child", parent, step.now)
        step.returned.append(parent.pk)


def create(step: Step, new: Created, item: WorkItem) -> list[Placed]:
    """Put a new work item on the step; return it if somebody has to get it."""
    node = step.graph.nodes[new.activity]
    row = new_item(step, new.id, node.id, new.status, item)
    step.created.append(row)
    step.event("workitem.created", row, moved=("", first_status(new.status)))
    if new.status == Status.BLOCKED:
        step.event("workitem.blocked", row, moved=("inactive", "blocked"))
    if new.status == Status.COMPLETE:
        finish(step, row)
    return [(row, node)] if new.status == Status.INACTIVE else []


def first_status(status: str) -> str:
    """Return the state an item is born in: a completed one was there before it."""
    return Status.INACTIVE.value if status != Status.BLOCKED else Status.BLOCKED.value


def new_item(
    step: Step, number: int, activity_id: int, status: str, origin: WorkItem | None
) -> WorkItem:
    """Return the row of a new work item, which inherits the token's outcome."""
    return WorkItem(
        id=number,
        tenant_id=step.instance.tenant_id,
        instance=step.instance,
        activity_id=activity_id,
        status=status,
        condition=origin.condition if origin else None,
        priority=step.instance.priority,
        date=step.now,
        created_at=step.now,
        available_at=None if status == Status.BLOCKED else step.now,
        workitem_from_id=origin.pk if origin else None,
    )


def finish(step: Step, row: WorkItem) -> None:
    """Complete a work item at the end, where the engine consumes the token."""
    row.status = Status.COMPLETE
    row.completed_at = row.forwarded_at = step.now
    step.event("workitem.completed", row, moved=("inactive", "complete"))


def release(
    step: Step, freed: Released, item: WorkItem, *, arrived: bool
) -> list[Placed]:
    """Let the work item of a join that fires become work; see `create`."""
    node = step.graph.nodes[freed.activity]
    row = new_item(step, freed.id, node.id, Status.INACTIVE, item)
    step.release(row, arrived=arrived)
    step.joined.extend(
        {"workitem_id": row.pk, "other_id": other} for other in freed.others
    )
    step.event("workitem.unblocked", row, moved=("blocked", "inactive"))
    if freed.status == Status.COMPLETE:
        finish(step, row)
        return []
    return [(row, node)]


def touch(step: Step, number: int, item: WorkItem) -> None:
    """Give a blocked work item the outcome of the token that arrived at it."""
    row = new_item(step, number, activity_of_round(step, number), "blocked", item)
    step.release(row, arrived=True)


def activity_of_round(step: Step, number: int) -> int:
    """Return the activity at which a blocked work item waits."""
    rounds = step.marking.rounds.items()
    return next(step.graph.nodes[key].id for key, items in rounds if number in items)


def fall_out_at_join(step: Step, number: int) -> None:
    """Show a join that can never fire, instead of waiting for ever."""
    row: Any = step.released.get(number) or next(
        (new for new in step.created if new.pk == number), None
    )
    if row is None:
        activity_id = activity_of_round(step, number)
        row = new_item(step, number, activity_id, Status.BLOCKED, step.item)
        step.release(row, arrived=False)
    row.status = Status.FALLOUT
    step.fall_out(
        row,
        before="blocked",
        kind="join.deadlock",
        message="No branch is left that could arrive here.",
    )
