"""A step that was committed is not taken again, and what it began is its own."""

import pytest
from django.db import NotSupportedError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from leave.models import LeaveRequest
from tests.workflow.processes import (
    END,
    A,
    T,
    behaving,
    do,
    install,
    process,
    start,
)
from workflow.models import ProcessInstance, WorkItem

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("in_acme"),
]


def deadlock() -> OperationalError:
    problem = OperationalError("deadlock detected")
    problem.__cause__ = DeadlockDetected()
    return problem


def pushed(code: str = "test", **values):
    return process(
        A("ask", "Ask", push_application="tests.push"),
        END,
        ways=(T("ask", "end", "Send"),),
        code=code,
        **values,
    )


def with_child():
    return process(
        A("ask", "Ask"),
        A("sub", "Have it done", kind="subflow", subflow="child"),
        END,
        ways=(T("ask", "sub", "Go"), T("sub", "end", "Done")),
    )


@pytest.mark.parametrize(
    "problem", [NotSupportedError("no"), deadlock()], ids=["outdated", "deadlock"]
)
def test_a_start_that_was_committed_is_not_done_again(alice, problem):
    """What fails after the commit looks like what fails before it."""
    install(pushed())
    fails = [problem]

    def after_commit() -> None:
        if fails:
            raise fails.pop()

    def handler(workitem):
        transaction.on_commit(after_commit)
        return alice

    with behaving(push=handler), pytest.raises(type(problem)):
        start(alice)
    assert ProcessInstance.objects.count() == 1


def test_a_wake_up_that_fails_is_no_failure_of_the_step(alice, monkeypatch):
    """The work is written; the sweep finds the wake-up that is missing."""
    install(
        process(
            A("ask", "Ask"),
            END,
            ways=(
                T("ask", "end", "Send", order=1),
                T("ask", "end", "Late", "timeout:3d", order=2),
            ),
        )
    )

    def refused(execute, sql, params, many, context):
        if "tenants_wake" in sql.lower() or "wake_up" in sql.lower():
            raise deadlock()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refused):
        item = start(alice)
    assert ProcessInstance.objects.count() == 1
    assert item.pk == WorkItem.objects.get().pk


def test_what_the_push_of_a_child_wrote_goes_where_it_fails(alice):
    install(pushed("child"))
    install(with_child())
    item = start(alice)

    def handler(workitem):
        LeaveRequest.objects.update(reason="written by a handler")
        raise ValueError

    with behaving(push=handler):
        do(item, alice)
    assert LeaveRequest.objects.get(pk=item.instance.object_id).reason == "rest"


def test_what_the_push_of_a_child_wrote_is_part_of_the_step(alice):
    install(pushed("child"))
    install(with_child())
    item = start(alice)
    seen = []

    def handler(workitem):
        seen.append(connection.in_atomic_block)
        return alice

    with behaving(push=handler):
        do(item, alice)
    assert seen == [True]
