"""Conditions read the variables of the instance, each in its type."""

import pytest

from tests.workflow.processes import END, A, T, at, do, process, standing, start
from workflow.models import AuditEvent, ProcessInstance

pytestmark = pytest.mark.usefixtures("both_strategies")

SCHEMA = {
    "amount": "number",
    "word": "string",
    "size": "choice",
    "when": "date",
    "sure": "boolean",
    "free": "json",
}


def split(condition: str):
    """Return a process that leads to `yes` where the condition is true."""
    return process(
        A("ask", "Ask", split_mode="xor"),
        A("yes", "Yes"),
        A("no", "No"),
        END,
        ways=(
            T("ask", "yes", "Yes", condition, order=1),
            T("ask", "no", "No", is_default=True),
            T("yes", "end", "Done"),
            T("no", "end", "Done"),
        ),
        data_schema=SCHEMA,
    )


@pytest.mark.parametrize(
    ("condition", "data", "expected"),
    [
        ("instance.data.amount > 5", {"amount": 6}, "yes"),
        ("instance.data.amount > 5", {"amount": 5.0}, "no"),
        ("instance.data.amount > 5", {"amount": None}, "no"),
        ("instance.data.amount > 5", {}, "no"),
        ("instance.data.amount < 5", {}, "no"),
        ("instance.data.amount is None", {}, "yes"),
        ("instance.data.amount is not None", {"amount": 0}, "yes"),
        ("1 < instance.data.amount <= 3", {"amount": 3}, "yes"),
        ("instance.data.amount in [1, 2]", {"amount": 2}, "yes"),
        ("not instance.data.sure", {}, "yes"),
        ("instance.data.sure == True", {"sure": True}, "yes"),
        ("instance.data.word == 'a'", {"word": "a"}, "yes"),
        ("instance.data.word != 'a'", {}, "yes"),
        ("instance.data.size in ['S', 'M']", {"size": "M"}, "yes"),
        ("instance.data.when < '2026-02-01'", {"when": "2026-01-31"}, "yes"),
        ("instance.data.when < '2026-02-01'", {"when": "20260131"}, "yes"),
        ("instance.data.when >= '2026-02-01'", {}, "no"),
        ("instance.data.when == wfobject.start_date", {"when": "2026-08-03"}, "yes"),
        ("instance.data.when > wfobject.start_date", {"when": "2026-08-03"}, "no"),
    ],
)
def test_a_variable_is_read_in_its_type(installed, alice, condition, data, expected):
    installed(split(condition))
    item = start(alice, data=data)
    do(item, alice)
    assert standing(item.instance)[-1][0] == expected


def test_what_is_said_at_completion_decides_at_once(installed, alice):
    installed(split("instance.data.amount > 5"))
    item = start(alice, data={"amount": 1})
    item.activate(alice)
    item.complete(alice, data={"amount": 9})
    assert standing(item.instance)[-1][0] == "yes"


@pytest.mark.parametrize("stored", ["much", True, [6]])
def test_a_value_of_another_type_is_no_answer_and_is_told(installed, alice, stored):
    """Written past the engine, or before the types were there."""
    installed(split("instance.data.amount > 5"))
    item = start(alice)
    ProcessInstance.objects.filter(pk=item.instance_id).update(data={"amount": stored})
    do(item, alice)
    assert at(item.instance, "no").status == "inactive"
    event = AuditEvent.objects.get(
        instance_id=item.instance_id, action="transition.condition_error"
    )
    assert "amount" in event.metadata["message"]
