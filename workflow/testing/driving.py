"""What the fixture `process` is, and an instance under test."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.db import models

from accounts.mail import devbox, outbox
from kernel import clock
from workflow import documents, engine, graph, new_documents, starting, steps, timers
from workflow.conditions import ConditionProblem, Timeout, compiled, normalise
from workflow.definitions import ProcessData
from workflow.models import (
    AuditEvent,
    Incident,
    Process,
    ProcessInstance,
    WorkItem,
)
from workflow.publishing import install_process
from workflow.testing.failing import Failing, fail

Status = WorkItem.Status
MAILS_AT_ONCE = 1000


class Processes:
    """Starts processes in the tenant of the test, and looks at all of them."""

    def __init__(self) -> None:
        self._failing: list[Failing] = []
        # What was waiting before the test is not of the test.
        outbox.run_due(MAILS_AT_ONCE)
        devbox.clear()

    def close(self) -> None:
        """Let every handler work again."""
        while self._failing:
            self._failing.pop().end()

    def install(self, data: ProcessData) -> Process:
        """Publish a process that is written down as data."""
        return install_process(data)

    def start(
        self,
        code: str,
        *,
        as_: Any,
        document: models.Model | None = None,
        data: Mapping[str, Any] | None = None,
        title: str | None = None,
    ) -> "Driven":
        """Start a process, about a default document where none is given."""
        about = document or new_documents.default_document(by=as_)
        item = starting.start_process(
            code, document=about, by=as_, data=data, title=title
        )
        return Driven(item.instance)

    def of(self, document: models.Model) -> "Driven":
        """Return the last instance about a document that the app itself started."""
        rows = ProcessInstance.objects.filter(
            content_type_id=documents.content_type_id(type(document)),
            object_id=str(document.pk),
        )
        return Driven(rows.latest("id"))

    def coverage(self, code: str) -> list[str]:
        """Return the keys of the transitions that no instance has taken yet.

        Of the published version, in the order in which they were written down.
        """
        version = graph.of(Process.objects.published().get(code=code))
        seen = set(taken(ProcessInstance.objects.filter(process=version.process_id)))
        edges = sorted(version.edges, key=lambda edge: edge.id)
        return [edge.key for edge in edges if edge.id not in seen]

    def fail(self, handler: str | Callable[..., Any], times: int = 1) -> None:
        """Let a registered handler raise, so many times; then it works again."""
        self._failing.append(fail(handler, times=times))

    def outbox(self) -> list[devbox.Letter]:
        """Return the mails so far, the oldest first; what is due is sent before."""
        timers.run()
        outbox.run_due(MAILS_AT_ONCE)
        return devbox.letters()[::-1]


class Driven:
    """One instance under test; `row` is its row, as it is now."""

    def __init__(self, row: ProcessInstance) -> None:
        self.pk = row.pk

    @property
    def row(self) -> ProcessInstance:
        rows = ProcessInstance.objects.select_related("process")
        found: ProcessInstance = rows.get(pk=self.pk)
        return found

    @property
    def document(self) -> Any:
        """What the instance is about, as it is now."""
        return self.row.content_object

    @property
    def data(self) -> dict[str, Any]:
        """The variables of the instance, as they are now."""
        found: dict[str, Any] = self.row.data
        return found

    # What happens

    def item(self, activity: str) -> WorkItem:
        """Return the oldest open work item at an activity; fails without one."""
        rows = WorkItem.objects.open().filter(instance=self.pk, activity__key=activity)
        found = steps.with_all(rows).order_by("id").first()
        if found is None:
            self._fail(f"Nothing is to do at {activity!r}.")
        return found

    def complete(
        self,
        activity: str,
        *,
        as_: Any,
        condition: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> WorkItem:
        """Take what waits at an activity, if need be, and complete it.

        Raises what the engine raises; fails where nothing waits there.
        """
        item = self.item(activity)
        if item.status == Status.INACTIVE:
            engine.activate_work_item(item, by=as_)
        return engine.complete_work_item(item, by=as_, outcome=condition, data=data)

    def advance(self, by: str | timedelta) -> datetime:
        """Let time pass and do what falls due, each at its own instant, in order.

        `by` is written as in a timeout: `3d`, `90m`. All of the tenant's timers fire.
        """
        end = clock.now() + (by if isinstance(by, timedelta) else duration(by))
        due = timers.next_due()
        while due is not None and due <= end:
            clock.advance(max(due - clock.now(), timedelta()))
            if not timers.run().checked_workitems:
                break
            due = timers.next_due()
        return clock.advance(end - clock.now())

    # Where it is

    def waiting_at(self) -> set[str]:
        """Return the activities at which something has to be done.

        A token that waits at a join for others, or for a subflow, is not counted.
        """
        live = (Status.INACTIVE, Status.ACTIVE, Status.SUSPENDED, Status.FALLOUT)
        rows = WorkItem.objects.filter(instance=self.pk, status__in=live)
        return set(rows.values_list("activity__key", flat=True))

    def path(self) -> list[str]:
        """Return the keys of the transitions that were taken, in order.

        They are read from the audit, so GOFLOW_AUDIT_ENABLED has to be on.
        """
        row = self.row
        version = graph.of(row.process)
        numbers = taken(ProcessInstance.objects.filter(pk=row.pk))
        return [version.edge_of(number).key for number in numbers]

    def trace(self) -> str:
        """Return what happened, a line for each event."""
        events = AuditEvent.objects.of_instance(self.pk)
        keys = {node.id: node.key for node in graph.of(self.row.process).nodes.values()}
        return "\n".join(
            f"  {event.created_at:%Y-%m-%d %H:%M:%S} {event.action}"
            f" {keys.get(event.activity_id or 0, '')} {event.metadata or ''}".rstrip()
            for event in events
        )

    # What is asserted

    def assert_waiting_at(self, *activities: str) -> None:
        """Fail unless something has to be done at just these activities."""
        found = self.waiting_at()
        if found != set(activities):
            self._fail(f"It should stand at {named(activities)}.")

    def assert_complete(self) -> None:
        """Fail unless the instance has reached its end."""
        if self.row.status != ProcessInstance.Status.COMPLETE:
            self._fail("It should be complete.")

    def assert_incident(self, kind: str) -> None:
        """Fail unless an incident of this kind is open."""
        found = self.incidents()
        if kind not in found:
            self._fail(f"It should have an incident {kind!r}, and has {named(found)}.")

    def incidents(self) -> set[str]:
        """Return the kinds of the incidents that are open."""
        rows = Incident.objects.filter(instance=self.pk).open()
        return set(rows.values_list("kind", flat=True))

    def _fail(self, problem: str) -> NoReturn:
        row = self.row
        raise AssertionError(
            f"{problem}\nThe instance {row.title!r} is {row.status}"
            f" and stands at {named(self.waiting_at())}.\n{self.trace()}"
        )


def taken(instances: "models.QuerySet[ProcessInstance]") -> list[int]:
    """Return the numbers of the transitions that instances took, as they were taken."""
    events = AuditEvent.objects.filter(
        action="workitem.forwarded", instance_id__in=instances.values("pk")
    )
    ordered = events.order_by("instance_id", "seq")
    return [
        number for event in ordered for number in event.metadata.get("transitions", ())
    ]


def duration(text: str) -> timedelta:
    """Return a duration that is written as in a timeout. Raises ValueError."""
    try:
        stored = normalise(f"timeout:{text}", fields={}, strategy="strict").text
        condition: Any = compiled(stored, fields={})
    except ConditionProblem:
        condition = None
    if isinstance(condition, Timeout):
        return condition.after
    raise ValueError(f"{text!r} is no duration; write 3d or 90m.")


def named(words: Any) -> str:
    """Return words as a person lists them."""
    return ", ".join(sorted(words)) or "nothing"
