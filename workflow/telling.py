"""What a page says when nothing came of what was asked, and what a form had read."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.errors import ApplicationError, Conflict, Forbidden
from kernel.numbers import LARGEST_NUMBER, whole

#: Refusals by the state of things or the rights of a person: no field is wrong.
REFUSALS: Final = (Conflict, Forbidden)
#: A version that no row has.
NONE_KNOWN: Final = -1


def refused(request: HttpRequest, refusal: ApplicationError) -> None:
    """Say on the next page why nothing was changed."""
    messages.warning(request, words(refusal))


def words(refusal: ApplicationError) -> str:
    """Return why nothing was changed, as a sentence for the person who tried."""
    return _("%(what)s Nothing was changed by you.") % {"what": refusal.detail}


def not_now(request: HttpRequest) -> None:
    """Say on the next page that this is not possible as things stand."""
    messages.warning(
        request, _("This is not possible now. Nothing was changed by you.")
    )


def done_already(request: HttpRequest) -> None:
    """Say on the next page that it was as it was wanted, as after a second press."""
    messages.info(request, _("This was done already."))


def expect_version(request: HttpRequest, row: Any) -> None:
    """Let a change go on only where the row is as the form had read it.

    A form without a version goes on with any.
    """
    given = request.POST.get("version")
    if given is not None:
        row.expected_version = number(given, largest=LARGEST_NUMBER)


def number(text: str, *, largest: int) -> int:
    """Return a number that a form carries, or one that no row has."""
    found = whole(text, largest=largest)
    return NONE_KNOWN if found is None else found
