"""Forms of documents: the registered one of an activity, or one made of the model."""

from copy import deepcopy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from workflow import handlers
from workflow.errors import ObjectNotFound
from workflow.handlers import Document

DocumentForm = type[Any]
DATES = {
    forms.DateField: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    forms.DateTimeField: forms.DateTimeInput(
        format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}
    ),
    forms.TimeField: forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
}
TEXT = forms.Textarea(attrs={"rows": 3})


def form_of(model: type[models.Model], *, name: str = "") -> DocumentForm | None:
    """Return the registered form of this name, or one made of the model's fields.

    None where such documents are filled in elsewhere, or where the registered form is
    about another model. Raises HandlerMissing on an unknown name.
    """
    if name:
        chosen = handlers.forms.get(name).form_class
        is_of_model = issubclass(chosen, forms.ModelForm) and issubclass(
            model,
            chosen._meta.model,  # noqa: SLF001 - Django's public name
        )
        return chosen if is_of_model else None
    registered = handlers.document_of(model)
    fields = registered.form_fields
    if fields is None:
        fields = fillable(model, registered)
    elif not fields:
        return None
    made: DocumentForm = forms.modelform_factory(
        model, fields=fields, formfield_callback=field
    )
    return made


def bound(made: DocumentForm, document: models.Model, typed: Any = None) -> Any:
    """Return the form of a document; its names meet no others of the page."""
    form = made(typed, instance=document, prefix="document")
    form.as_read = columns(document)
    return form


def columns(document: models.Model) -> dict[str, Any]:
    """Return what a row holds, by the names of its columns."""
    fields = document._meta.concrete_fields  # noqa: SLF001 - Django's public name
    return {
        field.attname: deepcopy(getattr(document, field.attname)) for field in fields
    }


def save(form: Any) -> None:
    """Write the document of a `bound` form, and leave what others wrote meanwhile.

    The document was read before the step, and its row is written as a whole: what the
    form has not touched is read anew. To be called in the step, also where it is tried
    again. Raises ObjectNotFound where the document is gone.
    """
    document, as_read = form.instance, getattr(form, "as_read", {})
    rows = type(document)._base_manager.filter(pk=document.pk)  # noqa: SLF001 - Django's public name
    row = rows.select_for_update(no_key=True).first()
    if row is None:
        raise ObjectNotFound
    typed = {of.attname for of in row._meta.concrete_fields if of.name in form.fields}  # noqa: SLF001 - as above
    for name, now in columns(row).items():
        if name in typed or name not in as_read:
            continue
        if getattr(document, name) == as_read[name]:
            setattr(document, name, now)
            as_read[name] = deepcopy(now)
    form.save()


def is_complete(form: "forms.ModelForm[Any]") -> bool:
    """Say whether a form is valid, and its document too in what it does not ask for.

    Nobody but this would say that something is missing which the form leaves out.
    """
    if not form.is_valid():
        return False
    left_alone = {
        field.name
        for field in form.instance._meta.concrete_fields  # noqa: SLF001 - Django's public name
        if not field.editable or field.primary_key or field.name in form.fields
    }
    try:
        form.instance.clean_fields(exclude=left_alone)
    except ValidationError as problem:
        for name, messages in problem.message_dict.items():
            form.add_error(None, f"{name}: {' '.join(messages)}")
    return form.is_valid()


def fillable(model: type[models.Model], registered: Document) -> tuple[str, ...]:
    """Return what people may fill in: no owner, no history, no other rows, no file."""
    left_out = {*registered.owner_fields, registered.history}
    return tuple(
        field.name
        for field in model._meta.concrete_fields  # noqa: SLF001 - Django's public name
        if field.editable
        and not field.primary_key
        and not field.is_relation
        and not isinstance(field, models.FileField)
        and field.name not in left_out
    )


def field(of: Any, **options: Any) -> forms.Field | None:
    """Return the form's field for a model's field, with what a browser can help by."""
    made: forms.Field | None = of.formfield(**options)
    if made is None:
        return None
    for kind, widget in DATES.items():
        if type(made) is kind:
            made.widget = widget
    if isinstance(made.widget, forms.Textarea):
        made.widget = TEXT
    return made


class TitleForm(forms.Form):
    """What a new request is called in the lists."""

    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=255,
        help_text=_("How it is called in the lists; empty gives it a name."),
    )
