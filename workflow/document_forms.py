"""Forms of documents: the registered one of an activity, or one made of the model."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from workflow import handlers
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
    return made(typed, instance=document, prefix="document")


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
