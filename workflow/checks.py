"""System checks of the workflow: an unknown setting is a message at start-up."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.checks import register as register_check
from django.utils.module_loading import import_string

from workflow import conf


def register() -> None:
    """Register the checks; called once, when the apps are ready."""
    register_check(words_are_known)
    register_check(paths_can_be_imported)
    register_check(anchors_are_regular)
    register_check(audit_is_on, deploy=True)


def words_are_known(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report a strategy that does not exist."""
    known = {
        "GOFLOW_LOCK_STRATEGY": conf.LOCK_STRATEGIES,
        "GOFLOW_CONDITION_STRATEGY": conf.CONDITION_STRATEGIES,
    }
    return [
        Error(
            f"{name} is {conf.value(name)!r}.",
            hint=f"Use one of {', '.join(words)}.",
            id="workflow.E001",
        )
        for name, words in known.items()
        if conf.value(name) not in words
    ]


def paths_can_be_imported(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report a dotted name that leads nowhere."""
    names = (
        "GOFLOW_TENANT_RESOLVER",
        "GOFLOW_TENANT_FILTER",
        "GOFLOW_SCHEDULER_BACKEND",
    )
    found: list[CheckMessage] = []
    for name in names:
        path = conf.ALIASES.get(conf.value(name), conf.value(name))
        if callable(path):
            continue
        try:
            import_string(path)
        except ImportError as problem:
            found.append(Error(f"{name}: {problem}", id="workflow.E002"))
    return found


def anchors_are_regular(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Report a time between anchors that is none."""
    hours = conf.value("GOFLOW_AUDIT_ANCHOR_HOURS")
    is_number = isinstance(hours, int | float) and not isinstance(hours, bool)
    if is_number and 0 < hours <= conf.MOST_ANCHOR_HOURS:
        return []
    return [
        Error(
            f"GOFLOW_AUDIT_ANCHOR_HOURS is {hours!r}.",
            hint=f"Use a number of hours, at most {conf.MOST_ANCHOR_HOURS}.",
            id="workflow.E008",
        )
    ]


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
