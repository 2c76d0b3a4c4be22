"""Small processes for the tests, and the handlers they call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from accounts.models import User
from leave.models import LeaveRequest
from tests.sharing import Sharing
from workflow import handlers
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.models import Process, ProcessInstance, WorkItem
from workflow.publishing import install_process

A = ActivityData
T = TransitionData
END = A("end", "End", kind="dummy")

#: What the registered handlers below do in a test; empty means nothing special.
BEHAVIOUR: dict[str, Callable[..., Any]] = {}
CALLS: list[str] = []


def behave(name: str, *args: Any, **kwargs: Any) -> Any:
    CALLS.append(name)
    return BEHAVIOUR.get(name, lambda *_args, **_kwargs: None)(*args, **kwargs)


@handlers.hook("tests.before")
def before(workitem, transition):
    return behave("before", workitem, transition)


@handlers.hook("tests.after")
def after(workitem, transition):
    return behave("after", workitem, transition)


@handlers.precondition("tests.precondition")
def precondition(document, workitem):
    return behave("precondition", document, workitem) is not False


@handlers.auto_application("tests.auto")
def auto(workitem, **params):
    return behave("auto", workitem, **params)


@handlers.push_application("tests.push")
def push(workitem, **params):
    return behave("push", workitem, **params)


@contextmanager
def behaving(**behaviour: Callable[..., Any]) -> Iterator[list[str]]:
    """Let the handlers of the tests do something inside the block."""
    CALLS.clear()
    BEHAVIOUR.update(behaviour)
    try:
        yield CALLS
    finally:
        BEHAVIOUR.clear()


def process(
    *activities: ActivityData,
    ways: tuple[TransitionData, ...],
    code: str = "test",
    begin: str = "ask",
    end: str = "end",
    **values: Any,
) -> ProcessData:
    return ProcessData(code, code, activities, ways, begin, end, **values)


def approval(code: str = "test", **activity: Any) -> ProcessData:
    """Ask, then approve or send back; nobody answers in three days: escalate."""
    return process(
        A("ask", "Ask"),
        A("approve", "Approve", split_mode="xor", **activity),
        A("escalate", "Escalate"),
        END,
        ways=(
            T("ask", "approve", "Send"),
            T("approve", "end", "Approve", "eq:APPROVED", order=1),
            T("approve", "ask", "Refuse", "eq:REJECTED", order=2),
            T("approve", "escalate", "Late", "timeout:3d", order=3),
            T("escalate", "end", "Close"),
        ),
        code=code,
    )


def parallel(code: str = "test") -> ProcessData:
    """Ask, then two reviews at once, then a common end of them."""
    return process(
        A("ask", "Ask"),
        A("security", "Security review"),
        A("finance", "Finance review"),
        A("finalize", "Finalize", join_mode="and"),
        END,
        ways=(
            T("ask", "security", "To security"),
            T("ask", "finance", "To finance"),
            T("security", "finalize", "Reviewed"),
            T("finance", "finalize", "Reviewed"),
            T("finalize", "end", "Done"),
        ),
        code=code,
    )


def install(data: ProcessData) -> Process:
    return install_process(data)


def document(person: User, reason: str = "rest") -> LeaveRequest:
    return LeaveRequest.objects.create(
        requester=person,
        kind="holiday",
        start_date=date(2026, 8, 3),
        end_date=date(2026, 8, 7),
        reason=reason,
    )


def start(person: User, code: str = "test", **values: Any) -> WorkItem:
    """Start a process about a new document and return the first work item."""
    return ProcessInstance.objects.start(code, person, document(person), **values)


def do(item: WorkItem, person: User, outcome: str | None = None) -> None:
    """Activate and complete a work item."""
    item.activate(person)
    item.complete(person, condition=outcome)


def at(instance: ProcessInstance, key: str) -> WorkItem:
    """Return the last work item at an activity."""
    return (
        WorkItem.objects.filter(instance=instance, activity__key=key)
        .select_related("instance__process", "instance__user", "activity", "user")
        .latest("id")
    )


def standing(instance: ProcessInstance) -> list[tuple[str, str]]:
    """Return activity and state of every work item, in the order they were made."""
    rows = WorkItem.objects.filter(instance=instance).order_by("id")
    return list(rows.values_list("activity__key", "status"))


@contextmanager
def sent_to(sharing: Sharing, *roles: str) -> Iterator[WorkItem]:
    """Share an approval in acme that waits for one of these groups, or for anybody."""
    with sharing() as within:
        with within("acme") as person:
            install(approval(roles=roles))
            item = sent_for_approval(person("alice"), person("bob"))
        yield item


def sent_for_approval(asker: User, approver: User) -> WorkItem:
    """Start an approval and return the item that waits for it, held by nobody."""
    item = start(asker)
    do(item, asker)
    return at(item.instance, "approve")
