"""The buttons on the page `start/` that make and remove test processes."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kernel.errors import Conflict
from workflow import application_tests, handlers, rights, starts, telling
from workflow.application_tests import Trial
from workflow.errors import ProcessNotFound


def table(user: Any) -> dict[str, Any] | None:
    """Return what can be tried, as `partials/table.html` reads it; None to others."""
    if not rights.holds(user, application_tests.RIGHT):
        return None
    columns = [
        {"label": _("Application")},
        {"label": _("Test process")},
        {"label": _("Actions")},
    ]
    trials = application_tests.every(reader=user)
    return {"columns": columns, "rows": [row(trial) for trial in trials]}


def row(trial: Trial) -> dict[str, Any]:
    """Return a line of the table, as `partials/application_row.html` reads it."""
    start = starts.address_of(trial.process) if trial.process else ""
    return {"trial": trial, "start_url": start if trial.may_start else ""}


@login_required
@require_POST
def make(request: HttpRequest, name: str) -> HttpResponseBase:
    """Make a test process, or join those who may start it."""
    try:
        made = application_tests.make_test_process(name, by=request.user)
    except Conflict as refusal:
        telling.refused(request, refusal)
    else:
        if made.is_new:
            messages.success(
                request, _("You can try it now: %(name)s") % {"name": name}
            )
        else:
            telling.done_already(request)
    return redirect("workflow:start")


@login_required
@require_POST
def remove(request: HttpRequest, name: str) -> HttpResponseBase:
    """Remove a test process, or retire it where it was used."""
    try:
        removed = application_tests.remove_test_process(name, by=request.user)
    except ProcessNotFound:
        if name not in handlers.applications:
            raise
        telling.done_already(request)
    except Conflict as refusal:
        telling.refused(request, refusal)
    else:
        messages.success(request, what_became(removed.kept))
    return redirect("workflow:start")


def what_became(kept: int) -> str:
    """Return what became of a test process with so many instances."""
    if not kept:
        return _("The test process is removed.")
    return ngettext(
        "Nobody can start the test process any more. "
        "The one request that began with it is kept.",
        "Nobody can start the test process any more. "
        "The %(count)s requests that began with it are kept.",
        kept,
    ) % {"count": kept}
