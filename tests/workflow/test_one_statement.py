"""A step that is one statement is its own transaction; one with a handler opens one."""

from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from accounts.models import User
from kernel.errors import ApplicationError
from leave.models import LeaveRequest
from tests import databases, twins
from tests.workflow.counting import Killed, statements
from tests.workflow.processes import (
    END,
    A,
    T,
    approval,
    at,
    behaving,
    do,
    document,
    install,
    process,
    start,
)
from workflow import steps
from workflow.errors import WorkItemConflict
from workflow.models import AuditEvent, ProcessInstance, WorkItem

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("in_acme"),
]


@pytest.fixture
def transactions(monkeypatch):
    """Return the list of the transactions that are opened from now on."""
    opened = []
    begin = transaction.Atomic.__enter__

    def counted(self):
        opened.append(self)
        return begin(self)

    monkeypatch.setattr(transaction.Atomic, "__enter__", counted)
    return opened


def everything(item: WorkItem) -> list[object]:
    return [
        list(ProcessInstance.objects.values_list("pk", "status", "version", "marking")),
        list(WorkItem.objects.order_by("pk").values_list("pk", "status", "version")),
        AuditEvent.objects.count(),
        list(LeaveRequest.objects.order_by("pk").values_list("pk", "reason")),
        item.pk,
    ]


def test_a_step_without_handlers_opens_no_transaction(alice, transactions):
    install(approval())
    about = document(alice)
    transactions.clear()
    item = ProcessInstance.objects.start("test", alice, about)
    item.activate(alice)
    item.complete(alice)
    assert transactions == []
    assert at(item.instance, "approve").status == "inactive"


def test_under_a_lock_a_step_opens_one(alice, transactions, settings):
    settings.GOFLOW_LOCK_STRATEGY = "pessimistic"
    install(approval())
    item = start(alice)
    transactions.clear()
    item.activate(alice)
    assert len(transactions) == 1


def test_inside_a_transaction_a_step_is_a_part_of_it(alice):
    install(approval())
    item = start(alice)
    before = everything(item)

    def both() -> None:
        with transaction.atomic():
            do(item, alice)
            raise Killed

    with pytest.raises(Killed):
        both()
    assert everything(item) == before


WAYS = {
    "precondition": {"precondition": "tests.precondition"},
    "before": {"pre_hook": "tests.before"},
    "after": {"post_hook": "tests.after"},
}


def through(way: dict[str, str], **activity: str):
    return process(
        A("ask", "Ask"),
        A("second", "Second", **activity),
        END,
        ways=(T("ask", "second", "Send", **way), T("second", "end", "Close")),
    )


@contextmanager
def writing(name: str, alice: User, *, fail: bool):
    """Let a handler write to the documents, and then fail or not."""

    def handler(*_args, **_kwargs):
        LeaveRequest.objects.update(reason="written by a handler")
        if fail:
            raise ApplicationError("No.")
        return alice if name == "push" else None

    with behaving(**{name: handler}):
        yield


@pytest.mark.parametrize("name", WAYS)
def test_what_a_handler_wrote_goes_with_the_step_that_it_refuses(alice, name):
    install(through(WAYS[name]))
    item = start(alice)
    item.activate(alice)
    before = everything(item)
    with writing(name, alice, fail=True), pytest.raises(ApplicationError):
        item.complete(alice)
    assert everything(item) == before


def test_what_a_push_application_wrote_goes_where_it_fails(alice):
    install(through({}, push_application="tests.push"))
    item = start(alice)
    with writing("push", alice, fail=True):
        do(item, alice)
    assert LeaveRequest.objects.get(pk=item.instance.object_id).reason == "rest"
    assert at(item.instance, "second").status == "fallout"


@pytest.mark.parametrize("name", [*WAYS, "push"])
def test_what_a_handler_wrote_goes_with_the_step_that_is_killed(alice, name):
    push = {"push_application": "tests.push"} if name == "push" else {}
    install(through(WAYS.get(name, {}), **push))
    with writing(name, alice, fail=False):
        item = start(alice)
        item.activate(alice)
        with statements() as seen:
            item.complete(alice)
        count = len(seen.seen)
        for number in range(1, count + 1):
            item = start(alice)
            item.activate(alice)
            before = everything(item)
            with pytest.raises(Killed), statements(stop_after=number):
                item.complete(alice)
            assert everything(item) == before


@pytest.mark.parametrize("verb", ["activate", "complete"])
def test_b10_a_step_of_one_statement_is_there_before_it_or_after(alice, verb):
    install(approval())

    def prepared() -> WorkItem:
        item = start(alice)
        if verb == "complete":
            item.activate(alice)
        return item

    item = prepared()
    before, again = everything(item), WorkItem.objects.get(pk=item.pk)
    with pytest.raises(Killed), statements(stop_after=1):
        getattr(item, verb)(alice)
    assert everything(item) == before

    with pytest.raises(Killed), statements(stop_after=2):
        getattr(again, verb)(alice)
    again.refresh_from_db()
    assert again.status == {"activate": "active", "complete": "complete"}[verb]


def test_an_item_that_changed_by_itself_leaves_nothing_half_written(
    alice, monkeypatch, settings
):
    settings.GOFLOW_STEP_RETRIES = 1
    install(approval())
    item = start(alice)
    item.activate(alice)
    before = everything(item)
    read = steps.reading.read

    def overtaken(*args, **kwargs):
        step = read(*args, **kwargs)
        # As nothing of ours does it: the item without its instance.
        step.item.version += 1
        return step

    monkeypatch.setattr(steps, "read", overtaken)
    with pytest.raises(WorkItemConflict):
        item.complete(alice)
    assert everything(item) == before


@pytest.mark.parametrize("strategy", ["optimistic", "pessimistic"])
def test_after_a_migration_steps_go_on_on_connections_that_are_open(
    alice, settings, strategy
):
    settings.GOFLOW_LOCK_STRATEGY = strategy
    install(approval())
    items = [start(alice) for _ in range(8)]
    for item in items[:6]:
        item.activate(alice)
    kept = "SELECT count(*) FROM pg_prepared_statements"
    with connection.cursor() as cursor:
        cursor.execute(kept)
        assert cursor.fetchone()[0] >= 2
    table = f'"{twins.info("acme").schema_name}".workflow_processinstance'
    change = f"ALTER TABLE {table} ALTER COLUMN title TYPE varchar({{}})"
    databases.run_there(change.format(300))
    try:
        items[6].activate(alice)
        assert items[6].status == "active"
    finally:
        databases.run_there(change.format(255))
    items[7].activate(alice)
    assert items[7].status == "active"
