"""Code that a process calls, registered under a name.

An app writes a `handlers.py`, found at start-up, and names carry the app's prefix:

    @push_application("leave.to_manager")
    def to_manager(workitem, **params): ...

A text in the database never imports code: what is not registered here is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from workflow import conf
from workflow.conditions import FieldType
from workflow.errors import DocumentInvalid, HandlerMissing

Handler = TypeVar("Handler", bound=Callable[..., Any])
ModelClass = TypeVar("ModelClass", bound=type[models.Model])
Entry = TypeVar("Entry")


@dataclass(slots=True)
class Registry(Generic[Entry]):
    """Names of one kind and what stands behind them."""

    kind: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, name: str, entry: Entry) -> None:
        """Keep an entry. Raises ImproperlyConfigured on a name that is taken."""
        known = self.entries.get(name)
        if known is not None and known != entry:
            raise ImproperlyConfigured(f"Two of the {self.kind}s are named {name!r}.")
        self.entries[name] = entry

    def get(self, name: str) -> Entry:
        """Return the entry. Raises HandlerMissing on an unknown name."""
        try:
            return self.entries[name]
        except KeyError:
            raise HandlerMissing(f"There is no {self.kind} named {name!r}.") from None

    def __contains__(self, name: str) -> bool:
        return name in self.entries


@dataclass(frozen=True, slots=True)
class Form:
    """A form class, and the template it is shown with."""

    form_class: type
    template: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A model that processes may be about."""

    label: str
    #: Fields that hold a person who owns the object; empty: those of the setting.
    named_owner_fields: tuple[str, ...]
    #: What conditions may read of it, with the type.
    fields: Mapping[str, FieldType]
    #: The template of its card on a work item's page.
    card: str | None
    #: Returns the address of its own page.
    url: Callable[[Any], str] | None
    #: What the form asks for that a process starts with; None: all that people may
    #: fill in, nothing: such documents are made elsewhere.
    form_fields: tuple[str, ...] | None = None
    #: The text field that keeps the pressed buttons with their comments.
    history: str | None = None

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)

    @property
    def owner_fields(self) -> tuple[str, ...]:
        """The fields that hold a person who owns the object."""
        named = self.named_owner_fields
        return named or tuple(conf.value("GOFLOW_API_OBJECT_OWNER_FIELDS"))


applications: Registry[Callable[..., Any]] = Registry("application")
push_applications: Registry[Callable[..., Any]] = Registry("push application")
hooks: Registry[Callable[..., Any]] = Registry("hook")
preconditions: Registry[Callable[..., Any]] = Registry("precondition")
auto_applications: Registry[Callable[..., Any]] = Registry("auto application")
compensations: Registry[Callable[..., Any]] = Registry("compensation")
forms: Registry[Form] = Registry("form")
documents: Registry[Document] = Registry("document")


def _decorator(
    registry: Registry[Callable[..., Any]], name: str
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        registry.add(name, handler)
        return handler

    return register


def application(name: str) -> Callable[[Handler], Handler]:
    """Register `view(request, id)`: the page at which an activity's work is done.

    `id` is the number of a work item that whoever asks may see.
    """
    return _decorator(applications, name)


def push_application(name: str) -> Callable[[Handler], Handler]:
    """Register `handler(workitem, **params)`: it returns who gets the item, or None."""
    return _decorator(push_applications, name)


def hook(name: str) -> Callable[[Handler], Handler]:
    """Register `handler(workitem, transition)`, called before or after a transition.

    Before: it must not write, and False vetoes. After: it may write to the tenant's
    database, in the same step.
    """
    return _decorator(hooks, name)


def precondition(name: str) -> Callable[[Handler], Handler]:
    """Register `predicate(document, workitem)`; False closes the transition."""
    return _decorator(preconditions, name)


def compensation(name: str) -> Callable[[Handler], Handler]:
    """Register `handler(workitem, reason)`: it undoes work that is complete."""
    return _decorator(compensations, name)


def auto_application(name: str) -> Callable[[Handler], Handler]:
    """Register `handler(workitem, **params)`, which does the work of an activity.

    It runs outside any row lock and may run twice; `workitem.idempotency_key` tells.
    It may return a dictionary with `condition` and `data`.
    """
    return _decorator(auto_applications, name)


def form(name: str, template: str | None = None) -> Callable[[type], type]:
    """Register a form class under a name."""

    def register(form_class: type) -> type:
        forms.add(name, Form(form_class, template))
        return form_class

    return register


@overload
def document(
    model: str,
    *,
    owner_fields: tuple[str, ...] = ...,
    fields: Mapping[str, FieldType] | None = ...,
    card: str | None = ...,
    url: Callable[[Any], str] | None = ...,
    form_fields: tuple[str, ...] | None = ...,
    history: str | None = ...,
) -> None: ...


@overload
def document(
    *,
    owner_fields: tuple[str, ...] = ...,
    fields: Mapping[str, FieldType] | None = ...,
    card: str | None = ...,
    url: Callable[[Any], str] | None = ...,
    form_fields: tuple[str, ...] | None = ...,
    history: str | None = ...,
) -> Callable[[ModelClass], ModelClass]: ...


def document(
    model: str | None = None,
    *,
    owner_fields: tuple[str, ...] = (),
    fields: Mapping[str, FieldType] | None = None,
    card: str | None = None,
    url: Callable[[Any], str] | None = None,
    form_fields: tuple[str, ...] | None = None,
    history: str | None = None,
) -> Callable[[ModelClass], ModelClass] | None:
    """Register a model as something processes are about; it needs no migration.

    Above the model, or as a call in `handlers.py` with the label of any other model:

        @document(fields={"amount": "number"})
        class Order(models.Model): ...

        document("orders.order", fields={"amount": "number"})

    Whose an object is, `owner_fields` say; without them those of
    GOFLOW_API_OBJECT_OWNER_FIELDS do.
    """

    def register(label: str) -> None:
        documents.add(
            label,
            Document(
                label=label,
                named_owner_fields=tuple(owner_fields),
                fields=dict(fields or {}),
                card=card,
                url=url,
                form_fields=form_fields,
                history=history,
            ),
        )

    def decorate(model_class: ModelClass) -> ModelClass:
        register(model_class._meta.label_lower)  # noqa: SLF001 - Django's public name
        return model_class

    if model is None:
        return decorate
    register(model.lower())
    return None


def document_of(obj: models.Model | type[models.Model]) -> Document:
    """Return the registration of a document. Raises DocumentInvalid without one."""
    label = obj._meta.concrete_model._meta.label_lower  # type: ignore[union-attr]  # noqa: SLF001 - Django's public name
    if label not in documents:
        raise DocumentInvalid
    return documents.get(label)


@push_application("route_to_requester")
def route_to_requester(workitem: Any) -> Any:
    """Give the work item to whoever started the instance."""
    return workitem.instance.user


@push_application("route_to_user")
def route_to_user(workitem: Any, *, username: str) -> Any:  # noqa: ARG001 - every push application gets it
    """Give the work item to the person with this user name."""
    return get_user_model()._default_manager.filter(username=username).first()  # noqa: SLF001 - Django's public name
