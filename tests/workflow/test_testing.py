"""The fixture `process`: it drives a process by a clock of its own."""

from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from kernel import clock
from tests.workflow.processes import END, A, T, approval, behaving, parallel
from tests.workflow.processes import process as made
from workflow import samples
from workflow.definitions import ProcessData
from workflow.errors import NotCandidate
from workflow.models import DefaultAppModel
from workflow.testing import ForcedFailure

ROOT = Path(__file__).resolve().parents[2]


def automatic(**activity) -> ProcessData:
    return made(
        A("ask", "Ask"),
        A("work", "Work", application="tests.auto", autostart=True, **activity),
        END,
        ways=(T("ask", "work"), T("work", "end")),
    )


@pytest.fixture
def sent(process, alice):
    """Return an approval that alice has sent."""
    process.install(approval())
    instance = process.start("test", as_=alice)
    instance.complete("ask", as_=alice)
    return instance


def test_a_process_is_driven_without_a_document_of_its_own(process, sent, alice, bob):
    assert isinstance(sent.document, DefaultAppModel)
    assert sent.document.requester == alice
    sent.assert_waiting_at("approve")
    sent.complete("approve", as_=bob, condition="APPROVED")
    sent.assert_complete()
    assert sent.waiting_at() == set()
    assert sent.path() == ["ask--approve", "approve--end"]


def test_time_passes_and_each_timeout_fires_at_its_own_instant(process, alice):
    process.install(
        made(
            A("ask", "Ask"),
            A("first", "First"),
            A("second", "Second"),
            END,
            ways=(
                T("ask", "first"),
                T("first", "end", "Done"),
                T("first", "second", "Late", "timeout:1d"),
                T("second", "end", "Done"),
                T("second", "first", "Late", "timeout:12h"),
            ),
        )
    )
    instance = process.start("test", as_=alice)
    instance.complete("ask", as_=alice)
    began = clock.now()
    assert instance.advance("2d") == began + timedelta(days=2)
    assert instance.path() == [
        "ask--first",
        "first--second",
        "second--first",
    ]
    item = instance.item("first")
    assert item.available_at == began + timedelta(hours=36)


def test_time_stands_between_two_moves(process, sent):
    before = clock.now()
    sent.advance(timedelta(days=3) - timedelta(microseconds=1))
    sent.assert_waiting_at("approve")
    sent.advance(timedelta(microseconds=1))
    sent.assert_waiting_at("escalate")
    assert clock.now() == before + timedelta(days=3)


def test_a_thousand_idle_days_take_less_than_a_second(process, alice):
    process.install(parallel())
    instance = process.start("test", as_=alice)
    began = monotonic()
    instance.advance("1000d")
    assert monotonic() - began < 1
    instance.assert_waiting_at("ask")


@pytest.mark.parametrize("words", ["", "soon", "3x", "-1d", "1d or true"])
def test_what_is_no_duration_is_refused(process, sent, words):
    before = clock.now()
    with pytest.raises(ValueError, match="is no duration"):
        sent.advance(words)
    assert clock.now() == before


def test_coverage_names_what_no_instance_has_taken(process, sent, alice, bob):
    assert process.coverage("test") == [
        "approve--end",
        "approve--ask",
        "approve--escalate",
        "escalate--end",
    ]
    sent.complete("approve", as_=bob, condition="REJECTED")
    sent.complete("ask", as_=alice)
    sent.complete("approve", as_=bob, condition="APPROVED")
    late = process.start("test", as_=alice)
    late.complete("ask", as_=alice)
    late.advance("3d")
    late.complete("escalate", as_=bob)
    late.assert_complete()
    assert process.coverage("test") == []


def test_a_token_at_a_join_is_not_waited_for(process, alice, bob):
    process.install(parallel())
    instance = process.start("test", as_=alice)
    instance.complete("ask", as_=alice)
    instance.complete("security", as_=bob)
    instance.assert_waiting_at("finance")


def test_a_failed_assertion_tells_the_whole_story(process, sent):
    with pytest.raises(AssertionError) as caught:
        sent.assert_complete()
    told = str(caught.value)
    assert "It should be complete." in told
    assert "is running and stands at approve" in told
    assert "workitem.forwarded ask" in told
    with pytest.raises(AssertionError, match="It should stand at ask"):
        sent.assert_waiting_at("ask")
    with pytest.raises(AssertionError, match="Nothing is to do at 'ask'"):
        sent.complete("ask", as_=None)
    with pytest.raises(
        AssertionError, match=r"incident 'auto.failed', and has nothing"
    ):
        sent.assert_incident("auto.failed")


def test_a_handler_fails_as_often_as_it_is_told_to(process, alice):
    process.install(automatic(max_attempts=1))
    with behaving() as calls:
        process.fail("tests.auto")
        broken = process.start("test", as_=alice)
        broken.complete("ask", as_=alice)
        broken.assert_incident("auto.failed")
        assert calls == []
        whole = process.start("test", as_=alice)
        whole.complete("ask", as_=alice)
        whole.assert_complete()
        assert calls == ["auto"]


def test_a_handler_may_be_given_itself_and_works_again_afterwards(process, alice):
    from tests.workflow.processes import auto
    from workflow import handlers

    process.fail(auto, times=2)
    with pytest.raises(ForcedFailure):
        handlers.auto_applications.get("tests.auto")(workitem=None)
    process.close()
    assert handlers.auto_applications.get("tests.auto") is auto
    with pytest.raises(LookupError):
        process.fail("nobody.knows")


def test_the_rules_of_the_engine_hold_in_a_test_too(process, alice, managers):
    process.install(approval(roles=("Managers",)))
    instance = process.start("test", as_=alice)
    instance.complete("ask", as_=alice)
    with pytest.raises(NotCandidate):
        instance.complete("approve", as_=alice, condition="APPROVED")
    instance.assert_waiting_at("approve")


def test_the_mails_are_there_to_be_read(process, alice, bob):
    process.install(
        approval(
            push_application="route_to_user", pushapp_param={"username": bob.username}
        )
    )
    instance = process.start("test", as_=alice, title="New chairs")
    instance.complete("ask", as_=alice)
    [letter] = process.outbox()
    assert letter.to == [bob.email]
    assert "New chairs" in letter.text


def test_variables_are_given_and_read(process, alice):
    process.install(parallel())
    instance = process.start("test", as_=alice, data={"amount": 3})
    instance.complete("ask", as_=alice, data={"urgent": True})
    assert instance.data == {"amount": 3, "urgent": True}


def test_the_example_of_the_documents_runs(process, alice, bob):
    text = (ROOT / "docs/development.md").read_text(encoding="utf-8")
    section = text.partition("## Test a process\n")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    known = {"samples": samples}
    exec(example, known)
    [test] = [known[name] for name in known if name.startswith("test_")]
    test(process, alice, bob)
