"""The objects that processes are about, found by content type and key.

Content type numbers belong to one schema, so they are never cached without its uuid;
Django's own cache does that, and is not used here.
"""

from threading import Lock
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models

from tenants.context import context_uuid

_ids: dict[tuple[Any, str], int] = {}
_labels: dict[tuple[Any, int], str] = {}
_lock = Lock()


def content_type_id(model: type[models.Model]) -> int:
    """Return the number of the model's content type in the present schema."""
    label = model._meta.concrete_model._meta.label_lower  # type: ignore[union-attr]  # noqa: SLF001 - Django's public name
    key = (context_uuid(), label)
    if key not in _ids:
        app_label, model_name = label.split(".")
        row, made = ContentType.objects.get_or_create(
            app_label=app_label, model=model_name
        )
        # A row made in a transaction that rolls back must not be remembered.
        if made:
            return int(row.pk)
        _remember(label, row.pk)
    return _ids[key]


def model_of(content_type: int) -> type[models.Model] | None:
    """Return the model behind a number of the present schema, or None."""
    key = (context_uuid(), content_type)
    if key not in _labels:
        row = ContentType.objects.filter(pk=content_type).first()
        if row is None:
            return None
        _remember(f"{row.app_label}.{row.model}", row.pk)
    try:
        return apps.get_model(_labels[key])
    except LookupError:
        return None


def load(content_type: int, object_id: str) -> models.Model | None:
    """Return the object, or None where the kind or the object is gone."""
    model = model_of(content_type)
    return find(model, object_id) if model else None


def find(model: type[models.Model], object_id: object) -> models.Model | None:
    """Return the row with this key, or None; a key of a wrong form finds nothing."""
    try:
        key = model._meta.pk.to_python(object_id)  # noqa: SLF001 - Django's public name
    except (ValidationError, ValueError, OverflowError):
        return None
    return model._base_manager.filter(pk=key).first()  # noqa: SLF001 - Django's public name


def _remember(label: str, number: int) -> None:
    with _lock:
        _ids[context_uuid(), label] = number
        _labels[context_uuid(), number] = label
