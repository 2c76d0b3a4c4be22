"""What differs between two versions, with the seed's words."""

from dataclasses import replace

import pytest

from tests.workflow.designing import everything, plain
from tests.workflow.processes import END, A, T, approval, install
from workflow import comparing
from workflow.drafts import clone_process, save_draft
from workflow.errors import CompareInvalid
from workflow.reading import data_of

pytestmark = pytest.mark.usefixtures("in_acme")

NOTHING = {
    "activities_added": [],
    "activities_removed": [],
    "transitions_added": [],
    "transitions_removed": [],
    "activities_changed": {},
    "transitions_changed": {},
    "process_changed": {},
}


def test_a_version_does_not_differ_from_its_clone(admin):
    made = install(everything())
    copy = clone_process(made, by=admin)
    found = comparing.compare(made, copy)
    assert found == {"base_id": made.pk, "compare_id": copy.pk, **NOTHING}


def test_parts_are_matched_by_key_and_told_by_field(admin):
    made = install(plain())
    copy = clone_process(made, by=admin)
    data = replace(
        data_of(copy),
        title="Other",
        priority=2,
        start_groups=("HR", "Employees"),
        activities=(
            A("ask", "Ask for it", roles=("Managers", "HR")),
            A("sign", "Sign"),
            END,
        ),
        transitions=(
            T("ask", "sign", "Send", "eq:YES", key="ask--check"),
            T("sign", "end", "Signed", key="signed"),
        ),
    )
    save_draft(copy, data, revision=0, by=admin)
    assert comparing.compare(made, copy) == {
        "base_id": made.pk,
        "compare_id": copy.pk,
        "activities_added": ["sign"],
        "activities_removed": ["check"],
        "transitions_added": ["signed"],
        "transitions_removed": ["check--end"],
        "activities_changed": {
            "ask": {
                "title": {"base": "Ask", "compare": "Ask for it"},
                "roles": {"base": [], "compare": ["HR", "Managers"]},
            }
        },
        "transitions_changed": {
            "ask--check": {
                "target": {"base": "check", "compare": "sign"},
                "condition": {"base": "", "compare": "eq:YES"},
            }
        },
        "process_changed": {
            "title": {"base": "drawn", "compare": "Other"},
            "priority": {"base": 0, "compare": 2},
            "start_groups": {"base": [], "compare": ["Employees", "HR"]},
        },
    }
    back = comparing.compare(copy, made)
    assert back["activities_added"] == ["check"]


def test_the_order_in_which_groups_are_named_is_no_difference():
    first = replace(plain(), start_groups=("HR", "Employees"))
    second = replace(plain(), start_groups=("Employees", "HR"))
    assert comparing.differences(first, second) == NOTHING
    assert comparing.same(first, second)


def test_versions_of_different_processes_are_not_compared(admin):
    with pytest.raises(CompareInvalid) as refusal:
        comparing.compare(install(plain()), install(approval()))
    assert refusal.value.status == 400
