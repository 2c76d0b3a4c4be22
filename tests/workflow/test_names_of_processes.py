"""A code names one process; a title that looks like it names no other."""

from dataclasses import replace

import pytest

from tests.workflow.processes import approval, start
from workflow import new_documents
from workflow.errors import ProcessNotFound
from workflow.models import DefaultAppModel, Process, ProcessInstance


@pytest.fixture
def two(installed):
    """Return a process, and an older one whose title is its code."""
    older = installed(replace(approval("mine"), title="leave"))
    return installed(replace(approval("leave"), title="Ask for leave")), older


def test_a_start_by_code_is_not_caught_by_the_title_of_another(two, alice):
    right, _other = two
    item = start(alice, "leave")
    assert item.instance.process_id == right.pk
    made = new_documents.start_about(DefaultAppModel(), process="leave", by=alice)
    assert made.instance.process_id == right.pk


def test_the_questions_about_a_name_mean_the_same_process(two, alice):
    right, other = two
    assert Process.objects.get_effective("leave") == right
    assert Process.objects.check_can_start("leave", alice) == right
    Process.objects.filter(pk=other.pk).update(enabled=False)
    assert Process.objects.is_enabled("leave")
    with pytest.raises(ProcessNotFound):
        Process.objects.get_effective("mine")


def test_the_page_of_a_process_starts_it_and_no_other(two, browser_of):
    right, _other = two
    client = browser_of("alice")
    client.post(
        f"/workflow/start_proto/{right.pk}/", {"title": "", "document-comment": ""}
    )
    assert {one.process_id for one in ProcessInstance.objects.all()} == {right.pk}


def test_a_title_still_names_its_process(two, alice):
    right, other = two
    item = start(alice, "Ask for leave")
    assert item.instance.process_id == right.pk
    assert start(alice, "mine").instance.process_id == other.pk
