"""Days and standing in words."""

from datetime import date

import pytest

from leave import standing
from leave.models import span
from leave.timeline import timeline


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2026, 8, 3), date(2026, 8, 3), "3 August 2026"),
        (date(2026, 8, 3), date(2026, 8, 14), "3 August to 14 August 2026"),
        (date(2026, 12, 30), date(2027, 1, 2), "30 December 2026 to 2 January 2027"),
    ],
)
def test_days_read_as_people_say_them(start, end, words):
    assert span(start, end) == words


def test_a_waiting_request_says_who_decides(asked):
    steps = [(step.label, step.state) for step in standing.steps(asked)]
    assert steps[:2] == [
        ("Alice Acme sends the request", "done"),
        ("Bob Acme decides", "running"),
    ]
    assert [state for _, state in steps] == ["done", "running", "waiting", "waiting"]
    assert "Carol Acme" in steps[2][0]


def test_a_filed_request_is_done(asked, finish, bob, carol):
    finish(asked, bob, "APPROVED")
    finish(asked, carol)
    assert {step.state for step in standing.steps(asked)} == {"done"}


def test_a_refused_request_waits_for_its_requester(asked, finish, bob):
    finish(asked, bob, "REJECTED")
    steps = [(step.label, step.state) for step in standing.steps(asked)]
    assert steps[:2] == [
        ("Alice Acme corrects or withdraws the request", "running"),
        ("Bob Acme refused", "failed"),
    ]


def test_the_timeline_tells_the_story(asked, finish, bob, carol):
    finish(asked, bob, "APPROVED")
    finish(asked, carol)
    assert [entry.title for entry in timeline(asked)] == [
        "Alice Acme asked for leave",
        "Alice Acme sent the request",
        "Bob Acme approved",
        "Carol Acme filed it",
        "Alice Acme was told by mail",
    ]
