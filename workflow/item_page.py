"""How the page of an activity differs from the default one: names and local paths.

The parameters of an activity's application may hold:

    template      the name of a registered form whose template is used
    redirect      a path of this site, shown after the work is done
    submit_name   the name under which the pressed button is sent
    ok_values     the buttons, in order; by default what the transitions accept
    cancel_value  what the way back is called
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from kernel.text import has_controls
from workflow import graph, handlers
from workflow.answers import Answer, answers
from workflow.errors import HandlerMissing, ProcessInvalid
from workflow.graph import Node
from workflow.models import WorkItem

TEMPLATE: Final = "workflow/work_item.html"
DEFAULT_APPLICATION: Final = "default_app"
#: Names that the page reads for itself.
RESERVED: Final = frozenset({"action", "comment", "csrfmiddlewaretoken"})
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
WORDS: Final = ("template", "redirect", "submit_name", "cancel_value")


@dataclass(frozen=True, slots=True)
class ItemPage:
    """What is shown around the answers of a work item, and what follows them."""

    template: str = TEMPLATE
    redirect: str = ""
    submit_name: str = "outcome"
    ok_values: tuple[str, ...] = ()
    cancel_value: str = ""
    #: Whether a comment may be given with the answer.
    has_comment: bool = True

    def buttons(self, item: WorkItem) -> list[Answer]:
        """Return the buttons: those of the process, or the ones that were named."""
        offered = answers(item)
        if not self.ok_values:
            return offered
        known = {answer.value: answer for answer in offered if answer.value}
        if known:
            return [known[value] for value in self.ok_values if value in known]
        kinds = ["primary", *[""] * len(self.ok_values)]
        return [
            Answer(value, value, "primary" if kind else "")
            for value, kind in zip(self.ok_values, kinds, strict=False)
        ]


DEFAULT_PAGE: Final = ItemPage()


def page_of(params: Mapping[str, Any]) -> ItemPage:
    """Return the page that the parameters describe; other names are left alone.

    Raises HandlerMissing on a template that nobody registered, and ProcessInvalid on
    anything else that is not as above.
    """
    words = {name: params.get(name, "") for name in WORDS}
    if not all(isinstance(word, str) for word in words.values()):
        raise ProcessInvalid("An application's parameter is no text.")
    return ItemPage(
        template=template_of(words["template"]),
        redirect=local(words["redirect"]),
        submit_name=field_name(words["submit_name"] or "outcome"),
        ok_values=values(params.get("ok_values", ())),
        cancel_value=words["cancel_value"],
    )


def template_of(name: str) -> str:
    """Return the template of a registered form. Raises HandlerMissing."""
    if not name:
        return TEMPLATE
    template = handlers.forms.get(name).template
    if template is None:
        raise HandlerMissing(f"The form {name!r} has no template.")
    return template


def local(path: str) -> str:
    """Return a path of this site. Raises ProcessInvalid on any other address."""
    is_here = path.startswith("/") and not has_controls(path)
    if path and not (is_here and url_has_allowed_host_and_scheme(path, None)):
        raise ProcessInvalid(f"{path!r} is no path of this site.")
    return path


def field_name(name: str) -> str:
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ProcessInvalid(f"{name!r} is no name for a button.")
    return name


def values(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list | tuple):
        raise ProcessInvalid("The buttons of an application are a list of words.")
    if not all(isinstance(value, str) for value in given):
        raise ProcessInvalid("The buttons of an application are a list of words.")
    return tuple(value.strip() for value in given if value.strip())


def node_of(item: WorkItem) -> Node:
    """Return the activity that a work item stands at."""
    return graph.of(item.instance.process).node_of(item.activity_id)


def application_of(item: WorkItem) -> str:
    """Return the name of the application whose page a person works at."""
    node = node_of(item)
    if node.is_automatic or not node.application:
        return DEFAULT_APPLICATION
    return node.application


def address_of(item: WorkItem) -> str:
    """Return the path of the page at which the work is done."""
    name = application_of(item)
    if name == DEFAULT_APPLICATION:
        return reverse("workflow:work-item", args=[item.pk])
    return reverse("workflow:application", args=[name, item.pk])
