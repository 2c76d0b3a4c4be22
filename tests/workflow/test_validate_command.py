"""`manage.py goflow_validate`, as an operator types it."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tenants.context import use
from tenants.management import finding
from tests.workflow.designing import plain
from tests.workflow.processes import A, T, install
from workflow import checking
from workflow.drafts import create_draft, save_draft
from workflow.models import Activity, AuditEvent, Process
from workflow.publishing import switch

PASSED = "All workflow graphs passed validation."


def validate(*args: str) -> tuple[str, int]:
    """Return what the command printed, and how it ended."""
    out = StringIO()
    try:
        call_command("goflow_validate", *args, stdout=out)
    except CommandError as end:
        return out.getvalue(), end.returncode
    return out.getvalue(), 0


@pytest.fixture
def broken(acme, admin) -> Process:
    """Return a draft of acme with an activity that nothing leads to."""
    data = plain("broken", title="Broken one")
    data = replace(
        data,
        activities=(*data.activities, A("lost", "Lost", roles=("HR",))),
        transitions=(*data.transitions, T("lost", "end", "On")),
    )
    with use(acme):
        draft = create_draft("Broken one", code="broken", by=admin)
        return save_draft(draft, data, revision=0, by=admin)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if "warning:" not in line]


def test_where_nothing_is_wrong_it_says_so(acme):
    text, code = validate("--tenant", "acme")
    assert (lines(text), code) == ([PASSED], 0)


def test_a_finding_is_a_line_and_ends_with_1(acme, broken):
    text, code = validate("--tenant", "acme")
    assert lines(text) == ["Process Broken one: Nothing leads to 'Lost'."]
    assert code == 1


def test_several_tenants_are_told_apart(acme, broken):
    for args in ((), ("--all-tenants",), ("--tenant", "acme", "--tenant", "globex")):
        text, code = validate(*args)
        assert "acme: Process Broken one: Nothing leads to 'Lost'." in text
        assert f"globex: {PASSED}" in text
        assert f"acme: {PASSED}" not in text
        assert code == 1


def test_one_process_is_looked_at_alone(acme, broken):
    text, code = validate("--tenant", "acme", "--process", "leave")
    assert (lines(text), code) == ([PASSED], 0)
    text, code = validate("--process", "broken")
    assert "Nothing leads to 'Lost'." in text
    assert code == 1


def test_warnings_end_with_1_where_they_are_asked_for(acme):
    text, code = validate("--tenant", "acme")
    assert "Process leave: warning: " in text
    assert code == 0
    text, code = validate("--tenant", "acme", "--warnings-as-errors")
    assert (PASSED in text, code) == (False, 1)


def test_json_is_one_object_for_each_tenant(acme, broken):
    text, code = validate("--json")
    told = {row["tenant"]: row for row in map(json.loads, text.splitlines())}
    assert (set(told), code) == ({"acme", "globex"}, 1)
    assert (told["acme"]["passed"], told["globex"]["passed"]) == (False, True)
    [found] = [row for row in told["acme"]["processes"] if row["code"] == "broken"]
    assert (found["version"], found["status"]) == (1, "draft")
    assert found["findings"] == [
        {
            "code": "activity.unreachable",
            "message": "Nothing leads to 'Lost'.",
            "level": "error",
            "activity": "lost",
        }
    ]


@pytest.mark.parametrize(
    "args",
    [
        ("--tenant", "nobody"),
        ("--tenant", "\x00"),
        ("--tenant", "acme", "--all-tenants"),
        ("--process", "nothing"),
        ("--tenant", "globex", "--process", "broken"),
        ("--process", ""),
    ],
)
def test_wrong_usage_ends_with_2(broken, args):
    text, code = validate(*args)
    assert (text, code) == ("", 2)


def test_a_version_that_was_tampered_with_is_found(acme):
    with use(acme):
        made = install(plain())
        Activity._base_manager.filter(process=made, key="check").update(title="Else")
    text, code = validate("--tenant", "acme", "--process", "drawn")
    assert "Process drawn: The published process was changed" in text
    assert code == 1


def test_a_handler_that_is_gone_is_found(acme, monkeypatch):
    from workflow import handlers

    monkeypatch.setattr(handlers.hooks, "entries", {})
    text, code = validate("--tenant", "acme", "--process", "leave")
    assert "Process leave: There is no hook named 'leave.sent'." in text
    assert code == 1


def test_one_tenant_that_fails_stops_no_other(acme, monkeypatch):
    real = checking.versions
    seen = []

    def fails_once(*, code):
        seen.append(code)
        if len(seen) == 1:
            raise ZeroDivisionError("no number")
        return real(code=code)

    monkeypatch.setattr(checking, "versions", fails_once)
    text, code = validate()
    assert "acme: ZeroDivisionError: no number\n" in text
    assert f"globex: {PASSED}" in text
    assert code == 3
    seen.clear()
    text, code = validate("--tenant", "acme", "--json")
    assert json.loads(text) == {
        "tenant": "acme",
        "error": "ZeroDivisionError: no number",
    }
    assert code == 1


def test_looking_changes_nothing(acme, broken, admin):
    def stored():
        with use(acme):
            rows = (Process, Activity, AuditEvent)
            return [list(model.objects.order_by("pk").values()) for model in rows]

    before = stored()
    validate()
    assert stored() == before


def test_retired_versions_are_left_out_and_switched_off_ones_are_not(acme, admin):
    with use(acme):
        old = install(plain())
        install(plain(title="Newer"))
        switch(old, enabled=False, by=admin)
        found = checking.versions(code="drawn")
    assert [(one.process.version, one.process.status) for one in found] == [
        (2, "published")
    ]


def test_without_any_tenant_it_ends_with_2(acme, monkeypatch):
    monkeypatch.setattr(finding, "all_served", list)
    for args in ((), ("--all-tenants",)):
        assert validate(*args)[1] == 2
