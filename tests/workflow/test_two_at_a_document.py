"""Two people work at one document at once, and nothing that either wrote is lost."""

import pytest

from tests.workflow.processes import at, do, parallel
from workflow import document_forms, new_documents
from workflow.errors import ObjectNotFound
from workflow.finishing import finish_with_document
from workflow.models import DefaultAppModel, ProcessInstance


@pytest.fixture
def two(installed, alice):
    """Return the two work items of a document that are open at once."""
    installed(parallel())
    first = new_documents.start_about(DefaultAppModel(), process="test", by=alice)
    do(first, alice)
    return at(first.instance, "security"), at(first.instance, "finance")


def typed_about(item, comment):
    """Return the form as a request holds it: the object was read before."""
    made = document_forms.form_of(DefaultAppModel)
    values = {"document-comment": comment}
    form = document_forms.bound(made, item.wfobject(), values)
    assert document_forms.is_complete(form)
    return form


def test_a_form_leaves_the_history_that_others_went_on_with(two, alice, bob):
    one, other = two
    form = typed_about(one, "typed")
    finish_with_document(other, by=bob, comment="of bob")
    finish_with_document(
        one, by=alice, comment="of alice", save=lambda: document_forms.save(form)
    )
    document = DefaultAppModel.objects.get()
    assert document.comment == "typed"
    assert "of bob\n" in document.history
    assert document.history.endswith("of alice\n")


def test_a_form_that_is_saved_again_leaves_what_came_in_between(two):
    one, _other = two
    form = typed_about(one, "typed")
    document_forms.save(form)
    DefaultAppModel.objects.update(history="of somebody\n")
    document_forms.save(form)
    assert DefaultAppModel.objects.get().history == "of somebody\n"


def test_what_the_form_itself_sets_is_written(two):
    one, _other = two
    form = typed_about(one, "typed")
    form.instance.history = "set by the form\n"
    document_forms.save(form)
    assert DefaultAppModel.objects.get().history == "set by the form\n"


def test_an_object_that_is_gone_does_not_come_back(two, alice):
    one, _other = two
    form = typed_about(one, "typed")
    DefaultAppModel.objects.all().delete()
    with pytest.raises(ObjectNotFound):
        finish_with_document(one, by=alice, save=lambda: document_forms.save(form))
    assert not DefaultAppModel.objects.exists()
    assert at(ProcessInstance.objects.get(), "security").status == "inactive"
