"""Where people begin a process: the pages that apps offer, shown as buttons.

An app says so in its `handlers.py`:

    start_page("leave", label=_("Ask for leave"), url=address_of_the_form)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kernel.errors import ApplicationError
from workflow.handlers import Registry
from workflow.starting import startable


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


def offered_to(user: Any) -> list[StartPage]:
    """Return the start pages whose process this person may start here and now."""
    return [page for page in pages.entries.values() if may_start(user, page.process)]


def may_start(user: Any, process: str) -> bool:
    """Say whether the process is published and on, and this person may start it."""
    try:
        startable(process, by=user)
    except ApplicationError:
        return False
    return True
