"""Begin a process about a new document: both are written, or neither."""

from typing import Any

from django.db import models

from workflow import handlers, starting
from workflow.errors import ObjectNotFound
from workflow.finishing import FIRST_LINE
from workflow.models import DefaultAppModel, WorkItem


def start_about(
    document: models.Model, *, process: str, by: Any, title: str = "", **values: Any
) -> WorkItem:
    """Save a new document and start the process with this title or code about it.

    Returns the first work item. Raises as `starting.start_process`, and writes nothing.
    """
    prepare(document, by=by)
    return starting.start_process(
        process,
        document=document,
        by=by,
        title=title or None,
        save=document.save,
        **values,
    )


def prepare(document: models.Model, *, by: Any) -> None:
    """Make a new document somebody's own, and begin its history."""
    registered = handlers.document_of(document)
    fields = {field.name for field in document._meta.concrete_fields}  # noqa: SLF001 - Django's public name
    for name in registered.owner_fields:
        if name in fields and getattr(document, name, None) is None:
            setattr(document, name, by)
    if registered.history:
        setattr(document, registered.history, FIRST_LINE)


def default_document(*, by: Any) -> DefaultAppModel:
    """Return a new default document of a person, saved; its history begins."""
    document = DefaultAppModel()
    prepare(document, by=by)
    document.save()
    return document


def require_model(label: str) -> type[models.Model]:
    """Return a registered model by its label. Raises ObjectNotFound."""
    registered = handlers.documents.entries.get(label.lower())
    if registered is None:
        raise ObjectNotFound("There is no such kind of object.")
    return registered.model
