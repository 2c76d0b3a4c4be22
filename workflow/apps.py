from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import ClassVar

from django.apps import AppConfig, apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class WorkflowConfig(AppConfig):
    """How work moves, in each tenant's schema."""

    name = "workflow"
    verbose_name = "Workflow"
    default_auto_field = "django.db.models.BigAutoField"
    #: What the list of mails calls those of this app.
    mail_labels: ClassVar[Mapping[str, Promise]] = {
        "incident": _("Alarm: a process needs help"),
        "message": _("Message of a process"),
        "work_waiting": _("Notice: work waits"),
    }

    def ready(self) -> None:
        from workflow import checks

        checks.register()
        discover_handlers()


def discover_handlers() -> None:
    """Import `handlers` of every app that has one, so that its names are known.

    The names that every process may use come first.
    An import error inside such a module is not hidden.
    """
    import_module("workflow.applications")
    for config in apps.get_app_configs():
        name = f"{config.name}.handlers"
        if find_spec(name) is not None:
            import_module(name)
