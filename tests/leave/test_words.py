"""Days and standing in words."""

from datetime import date

import pytest

from leave import requests, standing
from leave.models import span
from leave.timeline import timeline
from workflow.engine import finish_work_item


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 8, 3), date(2026, 8, 3), "3 August 2026"),
        (date(2026, 8, 3), date(2026, 8, 14), "3 to 14 August 2026"),
        (date(2026, 7, 30), date(2026, 8, 2), "30 July to 2 August 2026"),
        (date(2026, 12, 30), date(2027, 1, 2), "30 December 2026 to 2 January 2027"),
    ],
)
def test_days_read_as_people_say_them(start, end, words):
    assert span(start, end) == words


def test_a_waiting_request_says_who_decides(asked):
    steps = [(step.label, step.state) for step in standing.steps(asked)]
    assert steps[:2] == [
        ("Alice Acme asks for leave", "done"),
        ("Bob Acme decides", "current"),
    ]
    assert [state for _, state in steps] == ["done", "current", "waiting", "waiting"]
    assert "Carol Acme" in steps[2][0]


def test_a_filed_request_is_done(asked, finish, bob, carol):
    finish(asked, bob, "APPROVED")
    finish(asked, carol)
    assert {step.state for step in standing.steps(asked)} == {"done"}


def test_a_refused_request_waits_for_its_requester(asked, finish, bob):
    finish(asked, bob, "REJECTED")
    steps = [(step.label, step.state) for step in standing.steps(asked)]
    assert steps[1:] == [
        ("Bob Acme refused", "done"),
        ("Alice Acme corrects or withdraws the request", "current"),
    ]


def test_the_timeline_tells_the_story(asked, finish, bob, carol):
    finish(asked, bob, "APPROVED")
    finish(asked, carol)
    assert [entry.title for entry in timeline(asked)] == [
        "Alice Acme asked for leave",
        "Bob Acme approved",
        "Carol Acme filed it",
        "Alice Acme was told by mail",
    ]


def test_a_draft_has_a_timeline_too(in_acme, alice, days):
    draft = requests.draft_leave(kind="holiday", by=alice, **days)
    assert [entry.title for entry in timeline(draft)] == ["Alice Acme made a draft"]


def test_a_comment_stands_in_the_timeline(asked, bob):
    item = standing.items_of(asked).open().get()
    finish_work_item(item, outcome="REJECTED", comment="Too busy then.", by=bob)
    assert timeline(asked)[-1].text == "Too busy then."
