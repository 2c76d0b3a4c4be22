"""Where people begin a process: the pages that apps offer, and one for all others.

An app says so in its `handlers.py`:

    start_page("leave", label=_("Ask for leave"), url=address_of_the_form)

A process without a page of its own is begun at `start/`: about a new document of the
kind that the application of its first activity names, else about a default document.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from workflow import tenancy
from workflow.handlers import Registry, documents
from workflow.models import Process

#: The page `start/` lists all of them; the buttons look at so many.
MOST_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class StartPage:
    """A page that begins a process, and the words of the button that leads there."""

    #: Title or code of the process.
    process: str
    #: May be lazy: it is translated when it is shown.
    label: Any
    url: Callable[[], str]
    icon: str


pages: Registry[StartPage] = Registry("start page")


def start_page(
    process: str, *, label: Any, url: Callable[[], str], icon: str = "plus"
) -> None:
    """Register the page at which people begin the process."""
    pages.add(process, StartPage(process, label, url, icon))


def startable_by(user: Any) -> "QuerySet[Process]":
    """Return the published processes that are on and that this person may start."""
    rows = tenancy.filtered(Process.objects.published(), user=user)
    rows = rows.filter(enabled=True)
    if user.is_superuser:
        return rows
    if not user.has_perm("workflow.can_instantiate"):
        return rows.none()
    wanted = Process.start_groups.through.objects.filter(process_id=OuterRef("pk"))
    membership = user.groups.through.objects.filter(
        user_id=user.pk, group_id=OuterRef("group_id")
    )
    mine = wanted.filter(Exists(membership))
    return rows.filter(Exists(mine) | ~Exists(wanted))


def offered_to(user: Any) -> list[StartPage]:
    """Return the start pages whose process this person may start, in one statement.

    The last one leads to all processes, where some have no page of their own.
    """
    rows = startable_by(user).values_list("code", "title")[:MOST_LOOKED_AT]
    names = [set(pair) for pair in rows]
    found = [
        page
        for page in pages.entries.values()
        if any(page.process in pair for pair in names)
    ]
    if any(pair.isdisjoint(pages.entries) for pair in names):
        found.append(StartPage("", _("Start a process"), every_process, "play"))
    return found


def every_process() -> str:
    """Return the path of the page that lists all processes one may start."""
    return reverse("workflow:start")


def address_of(process: Process) -> str:
    """Return the path at which a process is begun."""
    for name in (process.code, process.title):
        if name in pages.entries:
            return pages.entries[name].url()
    label = model_of(process)
    if not label:
        return reverse("workflow:start-proto", args=[process.pk])
    path = reverse("workflow:start-document", args=label.split("."))
    return f"{path}?{urlencode({'process': process.code})}"


def model_of(process: Process) -> str:
    """Return the kind of document that the first activity asks for; empty for none."""
    begin = process.begin
    application = begin.application if begin else None
    if begin is None or application is None or application.url != "start_application":
        return ""
    label = str(begin.app_param.get("model", "")).lower()
    return label if label in documents.entries else ""
