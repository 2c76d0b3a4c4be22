"""Names that a process uses, and that somebody must have registered."""

import re
from collections.abc import Iterator

from kernel.errors import ApplicationError
from workflow import handlers, variables
from workflow.definitions import ActivityData, ProcessData
from workflow.findings import Finding
from workflow.item_page import page_of

VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
MOST_VARIABLE = 64


def of(data: ProcessData) -> Iterator[Finding]:
    """Return the names that nobody registered, and variables of no known type."""
    yield from _schema(data)
    yield from registered(data)


def registered(data: ProcessData) -> Iterator[Finding]:
    """Return the names that nobody registered."""
    for activity in data.activities:
        yield from _of_activity(activity)
    for way in data.transitions:
        used = (
            (handlers.preconditions, way.precondition, "precondition"),
            (handlers.hooks, way.pre_hook, "pre_hook"),
            (handlers.hooks, way.post_hook, "post_hook"),
        )
        for registry, name, field in used:
            if name and name not in registry:
                yield _missing(registry.kind, name, field, transition=way.key)


def _missing(
    kind: str, name: str, field: str, *, activity: str = "", transition: str = ""
) -> Finding:
    return Finding(
        "handler.missing",
        f"There is no {kind} named {name!r}.",
        activity=activity,
        transition=transition,
        field=field,
    )


def _of_activity(activity: ActivityData) -> Iterator[Finding]:
    used = (
        (handlers.push_applications, activity.push_application, "push_application"),
        (handlers.forms, activity.form, "form"),
        (handlers.compensations, activity.compensation, "compensation"),
    )
    for registry, name, field in used:
        if name and name not in registry:
            yield _missing(registry.kind, name, field, activity=activity.key)
    template = activity.form_template
    if template and template not in _templates():
        yield _missing("template", template, "form_template", activity=activity.key)
    yield from _application(activity)


def _templates() -> set[str | None]:
    """Return the templates that forms are registered with."""
    return {form.template for form in handlers.forms.entries.values()}


def _application(activity: ActivityData) -> Iterator[Finding]:
    name = activity.application
    if not name:
        return
    own = handlers.auto_applications if activity.autostart else handlers.applications
    if name not in own and name in handlers.auto_applications:
        yield Finding(
            "application.by_hand",
            f"{activity.title!r} names an application and is not started by it.",
            activity=activity.key,
            field="application",
        )
    elif name not in own:
        yield _missing(own.kind, name, "application", activity=activity.key)
    if not activity.autostart:
        yield from _page(activity)


def _page(activity: ActivityData) -> Iterator[Finding]:
    """Look at what is said about the page at which people do the work."""
    try:
        page_of(activity.app_param)
    except ApplicationError as problem:
        yield Finding(
            "application.param",
            problem.detail,
            activity=activity.key,
            field="app_param",
        )


def _schema(data: ProcessData) -> Iterator[Finding]:
    for name, kind in data.data_schema.items():
        if not VARIABLE.fullmatch(name) or len(name) > MOST_VARIABLE:
            text = f"{name[:100]!r} is no name of a variable."
            yield Finding("data.name", text, field="data_schema")
        elif kind not in variables.TYPES:
            text = f"The type of {name!r} is one of {', '.join(variables.TYPES)}."
            yield Finding("data.type", text, field="data_schema")
