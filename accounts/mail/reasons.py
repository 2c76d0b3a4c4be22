"""Why a mail did not leave, in words for people."""

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

#: What the beginning of `last_error` means to people; the rest stands behind it.
REASONS: Mapping[str, str | Promise] = MappingProxyType(
    {
        "control character": gettext_lazy("It held characters that no mail may hold"),
        "every worker died": gettext_lazy("Sending it failed too often"),
        "no valid recipient": gettext_lazy("There was nobody to write to"),
        "nobody took": gettext_lazy("The mail server did not take it"),
        "not reached": gettext_lazy("The mail server was not reached"),
        "recipients refused": gettext_lazy("The mail server refused the recipients"),
        "refused at once": gettext_lazy("The mail server takes no mail"),
        "refused": gettext_lazy("The mail server or the settings refused it"),
        "template": gettext_lazy("Its template is broken"),
    }
)


def words(reason: str) -> str:
    """Return a reason in words, with what the server said in brackets."""
    found = next((REASONS[word] for word in REASONS if reason.startswith(word)), None)
    if found is None:
        return reason
    _begin, _colon, detail = reason.partition(": ")
    return f"{found} ({detail})" if detail else str(found)
