"""Walk an instance to its end as people might: by lot, and without waiting.

The clock of this process is moved to each timeout that is drawn; only timers of the
instance itself fire, since for everybody else it is still now.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q

from kernel import clock
from kernel.errors import ApplicationError
from workflow import automatic, new_documents, steps, timers
from workflow.errors import NobodyToStart
from workflow.finishing import finish_with_document
from workflow.item_page import node_of
from workflow.models import DefaultAppModel, ProcessInstance, Timer, WorkItem

TITLE: Final = "simulation"
#: A walk that goes in circles is given up after so many moves.
MOST_MOVES: Final = 1000
#: From so many people one is drawn.
MOST_PEOPLE: Final = 100

Move = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far an instance came; `why` is empty where it reached its end."""

    instance_id: int
    moves: int
    why: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.why

    def __str__(self) -> str:
        return f"Instance {self.instance_id} stopped after {self.moves}: {self.why}"


def starter(username: str | None) -> Any:
    """Return who starts: the person of this name, or an owner. Raises NobodyToStart."""
    people = active_people()
    if username is None:
        found = people.filter(role="owner").first() or people.first()
    else:
        found = people.filter(username=username).first()
    if found is None:
        raise NobodyToStart
    return found


def active_people() -> Any:
    people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name
    return people.filter(is_active=True, kind="person").order_by("pk")


def start(process: str, *, by: Any) -> ProcessInstance:
    """Start a process about a new default document; as `starting.start_process`."""
    item = new_documents.start_about(
        DefaultAppModel(), process=process, by=by, title=TITLE
    )
    instance: ProcessInstance = item.instance
    return instance


def walk(instance: ProcessInstance, *, by: Any, chance: Random) -> Walk:
    """Move an instance until it ends, or until nothing can be done any more."""
    with clock.frozen():
        for number in range(MOST_MOVES):
            instance.refresh_from_db()
            if not instance.is_open:
                return Walk(instance.pk, number)
            possible = list(moves(instance, by=by, chance=chance))
            if not possible:
                return Walk(instance.pk, number, standing(instance))
            try:
                chance.choice(possible)()
            except ApplicationError as problem:
                return Walk(instance.pk, number, problem.detail)
    return Walk(instance.pk, MOST_MOVES, "It goes round in circles.")


def moves(instance: ProcessInstance, *, by: Any, chance: Random) -> Iterator[Move]:
    """Yield what can happen next: an answer, a timeout, or what the engine left."""
    items = WorkItem.objects.open().filter(instance=instance).order_by("id")
    for item in steps.with_all(items):
        if node_of(item).is_automatic:
            yield partial(automatic.run_and_follow, item.pk)
            continue
        person = doer(item, by=by, chance=chance)
        if person is not None:
            offered: list[str | None] = [one.value for one in item.outcomes()]
            for value in offered or [None]:
                yield partial(finish_with_document, item, by=person, outcome=value)
        for due_at in timeouts(instance).filter(workitem=item).values_list("due_at"):
            yield partial(pass_time, instance, *due_at)


def timeouts(instance: ProcessInstance) -> Any:
    rows = Timer.objects.pending().filter(instance=instance, kind=Timer.Kind.TIMEOUT)
    return rows.order_by("due_at", "id")


def doer(item: WorkItem, *, by: Any, chance: Random) -> Any:
    """Return who holds a work item, or somebody who may take it; None for nobody."""
    if item.user is not None:
        return item.user if item.user.is_active else None
    node = node_of(item)
    if node.is_open_to_all:
        return by
    named = Q(groups__in=node.offered_group_ids) | Q(pk__in=node.allowed_user_ids)
    people = list(active_people().filter(named).distinct()[:MOST_PEOPLE])
    return chance.choice(people) if people else None


def pass_time(instance: ProcessInstance, until: datetime) -> None:
    """Let the timeouts of the instance fire, each at its own instant."""
    for _ in range(MOST_MOVES):
        timer = timeouts(instance).filter(due_at__lte=until).first()
        if timer is None:
            return
        if timer.due_at > clock.now():
            clock.advance(timer.due_at - clock.now())
        if not timers.fire_due_of(timer.workitem):
            return


def standing(instance: ProcessInstance) -> str:
    """Return in words where an instance stands that nobody can move."""
    live = ("inactive", "active", "blocked", "suspended", "fallout")
    rows = WorkItem.objects.filter(instance=instance, status__in=live)
    places = sorted(set(rows.values_list("activity__title", flat=True)))
    return f"Nobody can go on at {', '.join(places) or 'any place'}."
