"""The objects that processes are about, found by content type and key.

Content type numbers belong to one schema; the kernel keeps them by tenant
(`tenants.contenttypes`).
"""

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models


def content_type_id(model: type[models.Model]) -> int:
    """Return the number of the model's content type in the present schema."""
    return int(ContentType.objects.get_for_model(model).pk)


def model_of(content_type: int) -> type[models.Model] | None:
    """Return the model behind a number of the present schema, or None."""
    try:
        return ContentType.objects.get_for_id(content_type).model_class()
    except ContentType.DoesNotExist:
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
