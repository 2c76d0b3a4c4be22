"""System checks of the workflow: a wrong setting is a message at start-up.

E001  a word that is none of those a setting may be
E002  a dotted name that leads nowhere, or to something of another kind
E008  a number that is none, or out of range
E009  a switch that is neither True nor False
E010  a list of texts that is none
E011  a text that is none, or of another form
E012  a setting that does not exist
E013  pages that are longer than the longest page
W001  a deployment without audit
"""

import inspect
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.checks import register as register_check
from django.utils.module_loading import import_string

from workflow import conf
from workflow.setting_rules import KNOWN, NOT_A_PATH, PATHS, RULES

BACKEND = "GOFLOW_SCHEDULER_BACKEND"
METHODS = (
    "schedule_timeout_scan",
    "schedule_sla_scan",
    "schedule_workitem_action",
    "schedule_notification",
)
#: Every name that begins so is ours; of the others only what is nearly one of ours.
OURS = "GOFLOW_"
SHORT = "WF_"
MOST_SHOWN = 100


def register() -> None:
    """Register the checks; called once, when the apps are ready."""
    register_check(values_are_accepted)
    register_check(paths_can_be_imported)
    register_check(names_are_known)
    register_check(pages_fit)
    register_check(audit_is_on, deploy=True)


def values_are_accepted(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report a value of another type, out of range, or none of the words."""
    return [
        Error(f"{name} is {shown(value)}; use {RULES[name].accepted}.", id=rule_id)
        for name, value, rule_id in refused()
    ]


def refused() -> Iterator[tuple[str, Any, str]]:
    """Yield the settings whose value is not accepted, with the id of the message."""
    for name, rule in RULES.items():
        if hasattr(settings, name):
            value = getattr(settings, name)
            if not rule.accepts(value):
                yield name, value, rule.id


def paths_can_be_imported(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report a dotted name that leads nowhere, or to something of another kind."""
    problems = {name: problem_of(name, conf.value(name)) for name in PATHS}
    return [
        Error(f"{name} is {shown(conf.value(name))}: {problem}", id=NOT_A_PATH)
        for name, problem in problems.items()
        if problem
    ]


def problem_of(name: str, value: Any) -> str:
    """Return what is wrong with the value of a setting that names code; or nothing."""
    found = value
    if isinstance(value, str):
        try:
            found = import_string(conf.ALIASES.get(value, value))
        except Exception as problem:  # noqa: BLE001 - a module may fail in any way
            return f"{problem}"
    if name != BACKEND:
        return "" if callable(found) else "use a dotted name or a callable."
    # The backend is made anew for each call, by its name.
    is_backend = inspect.isclass(found) and all(hasattr(found, one) for one in METHODS)
    if isinstance(value, str) and is_backend:
        return ""
    return f"use the dotted name of a class with {', '.join(METHODS)}."


def names_are_known(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report a setting that does not exist: what it should change, it does not."""
    found: list[CheckMessage] = []
    for name in sorted(dir(settings)):
        if name in KNOWN or not name.startswith((OURS, SHORT)):
            continue
        near = get_close_matches(name, sorted(KNOWN), n=1, cutoff=0.8)
        if near or name.startswith(OURS):
            hint = f"Did you mean {near[0]}?" if near else "Remove it."
            message = f"There is no setting {name}."
            found.append(Error(message, hint=hint, id="workflow.E012"))
    return found


def pages_fit(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report pages that are longer than the longest: no list could be read."""
    names = ("GOFLOW_API_PAGE_SIZE", "GOFLOW_API_MAX_PAGE_SIZE")
    size, most = map(conf.value, names)
    if any(name in names for name, _, _ in refused()) or size <= most:
        return []
    message = f"{names[0]} is {size}; use at most {names[1]}, which is {most}."
    return [Error(message, id="workflow.E013")]


def audit_is_on(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Warn of a deployment that writes no audit."""
    if conf.value("GOFLOW_AUDIT_ENABLED"):
        return []
    return [
        checks.Warning(
            "GOFLOW_AUDIT_ENABLED is off: nobody can tell who did what.",
            hint=f"Remove it from the settings ({settings.SETTINGS_MODULE}).",
            id="workflow.W001",
        )
    ]


def shown(value: Any) -> str:
    """Return a value as a message shows it."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
