"""Finish a work item from its page: the document and the step, both or neither.

A document that keeps its history gets a line for each pressed button: who, at which
activity, which button, and the comment.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from workflow import answers, documents, engine, handlers
from workflow.models import WorkItem
from workflow.steps import Step

#: How every history begins.
FIRST_LINE = "Init\n"


def finish_with_document(
    item: WorkItem,
    *,
    by: Any,
    outcome: str | None = None,
    comment: str = "",
    save: Callable[[], Any] | None = None,
) -> WorkItem:
    """Take a work item, if need be, and complete it; one press of a button.

    As `engine.finish_work_item`, and in the same transaction `save` changes the
    document before the conditions read it, and its history is continued.
    """

    def also(step: Step) -> None:
        if save is not None:
            save()
        keep(step, outcome=outcome, comment=comment)

    return engine.finish_work_item(
        item, by=by, outcome=outcome, comment=comment, also=also
    )


def keep(step: Step, *, outcome: str | None, comment: str) -> None:
    """Write a line into the history of the document, where it keeps one."""
    model = documents.model_of(step.instance.content_type_id)
    name = handlers.document_of(model).history if model is not None else None
    if model is None or name is None:
        return
    said = line(step, outcome=outcome, comment=comment)
    model._base_manager.filter(pk=step.instance.object_id).update(  # noqa: SLF001 - Django's public name
        **{name: Concat(F(name), Value(said), output_field=TextField())}
    )


def line(step: Step, *, outcome: str | None, comment: str) -> str:
    """Return what is added to a history; a comment stands on lines of its own."""
    button = answers.words(step.graph, step.node.key, outcome) or outcome or "OK"
    said = f"{step.now:%Y-%m-%d %H:%M} {step.by.display_name}: {step.node.title}"
    return f"{said}: {button}\n" + (f"{comment}\n" if comment else "")
