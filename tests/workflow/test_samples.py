"""The sample processes, from end to end; anybody may try them."""

import pytest

from tests.workflow.test_complete import state_of
from workflow import samples
from workflow.models import AuditEvent, Process

SAMPLE = "Sample process"
PARALLEL = "test parallel workflow"


@pytest.fixture
def installed(process):
    samples.install()
    return process


def test_the_sample_is_approved_and_noted(installed, alice, bob):
    instance = installed.start(SAMPLE, as_=alice)
    instance.complete("request", as_=alice)
    instance.complete("review", as_=bob, condition="APPROVED")
    instance.assert_complete()
    assert instance.path() == [
        "request--review",
        "review--notice",
        "notice--end",
    ]
    assert instance.document.history.endswith(" Notice\n")


def test_the_sample_goes_round_until_it_is_decided(installed, alice, bob):
    instance = installed.start(SAMPLE, as_=alice)
    instance.complete("request", as_=alice)
    for _ in range(2):
        instance.complete("review", as_=bob, condition="REWORK")
        assert instance.item("rework").user == alice
        instance.complete("rework", as_=alice)
    instance.complete("review", as_=bob, condition="REJECTED")
    instance.assert_complete()
    assert installed.coverage(SAMPLE) == ["review--notice", "notice--end"]


def test_both_reviews_are_waited_for(installed, alice, bob, carol):
    instance = installed.start(PARALLEL, as_=alice)
    instance.complete("approve", as_=alice, condition="APPROVED")
    instance.assert_waiting_at("security_review", "finance_review")
    instance.complete("finance_review", as_=carol)
    instance.assert_waiting_at("security_review")
    instance.complete("security_review", as_=bob)
    instance.complete("finalize", as_=alice)
    instance.assert_complete()


def test_a_delay_of_three_days_is_escalated(installed, alice, bob):
    instance = installed.start(PARALLEL, as_=alice)
    instance.advance("71h")
    instance.assert_waiting_at("approve")
    instance.advance("1h")
    instance.complete("escalation", as_=bob)
    instance.complete("finalize", as_=alice)
    instance.assert_complete()


def test_an_exception_goes_its_own_way_and_nothing_is_left_unwalked(
    installed, alice, bob
):
    for outcome, reviews in (
        ("EXCEPTION", ["exception_review"]),
        ("APPROVED", ["security_review", "finance_review"]),
    ):
        instance = installed.start(PARALLEL, as_=alice)
        instance.complete("approve", as_=alice, condition=outcome)
        instance.assert_waiting_at(*reviews)
        for review in reviews:
            instance.complete(review, as_=bob)
        instance.complete("finalize", as_=alice)
        instance.assert_complete()
    late = installed.start(PARALLEL, as_=alice)
    late.advance("3d")
    late.complete("escalation", as_=bob)
    assert installed.coverage(PARALLEL) == []


def test_a_second_installation_changes_nothing(installed):
    before = list(Process.objects.order_by("id").values())
    audited = AuditEvent.objects.count()
    samples.install()
    assert list(Process.objects.order_by("id").values()) == before
    assert AuditEvent.objects.count() == audited


def test_a_tenant_has_no_samples_unless_somebody_asks(process):
    assert not Process.objects.filter(title__in=(SAMPLE, PARALLEL)).exists()


def test_a_refused_press_leaves_no_line_in_the_history(installed, alice, bob):
    from workflow.errors import NoMatch
    from workflow.finishing import finish_with_document

    instance = installed.start(SAMPLE, as_=alice)
    instance.complete("request", as_=alice)
    item, before = instance.item("review"), instance.document.history
    state = state_of(item)
    with pytest.raises(NoMatch):
        finish_with_document(item, by=bob, outcome="MAYBE", comment="Hm.")
    assert instance.document.history == before == "Init\n"
    assert state_of(item) == state
