"""What a value of the branding may be: each field by itself, then the colours together.

A field is refused with a sentence that says what to write instead; a colour with the
contrast it has, the one it needs, and the nearest colour that has it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts import addresses, colours, languages, zones
from accounts.branding import palette
from accounts.branding.brand import PRODUCT_COLOUR
from accounts.branding.palette import Chosen
from accounts.colours import CONTROL_RATIO, TEXT_RATIO, WHITE, Need
from accounts.errors import BrandingInvalid, ContrastTooLow
from accounts.models.branding import RegistrationPolicy
from kernel.text import storable
from tenants import hosts

LONGEST_NAME, LONGEST_SENDER, LONGEST_FOOTER = 80, 60, 500
MOST_REPLY_TO, MOST_DOMAINS = 3, 20
COLOURS = ("primary", "on_primary", "accent", "background", "text")
#: Characters that turn the words after them around.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = frozenset({"Cc", "Zl", "Zp"})
#: Marks and letters that leave no trace, beside the characters of the category Cf.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
#: What mail programs make a link of, or a reader takes for one: `x://`, `mailto:x`,
#: `a@b`, `example.com` and `10.0.0.1`; "Inc.", "J. P. Morgan" and "Version 2.1" stay.
LINKED = re.compile(
    r"""://
    | \b(?:www\.|mailto:|tel:)\S
    | \S@\S
    | \w\.(?:[^\W\d_]{2,}|xn--)
    | \b\d{1,3}(?:\.\d{1,3}){3}\b
    | \[[\da-f]*:[\da-f:.]*\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Problem:
    """Why a field is refused; for a colour also the numbers and the way out."""

    field: str
    message: str
    ratio: float | None = None
    needed: float | None = None
    nearest: str = ""

    @property
    def is_contrast(self) -> bool:
        return self.ratio is not None

    def as_dict(self, named: Callable[[str], str]) -> dict[str, object]:
        """Return the problem for an answer, the field under its name there."""
        found: dict[str, object] = {
            "field": named(self.field),
            "message": self.message,
        }
        if self.is_contrast:
            found |= {"ratio": self.ratio, "needed": self.needed}
            found["nearest"] = self.nearest
        return found


class Refused(Exception):
    """A value cannot be used; the text says why."""


def camel(name: str) -> str:
    """Return a field as programs know it: `on_primary` is `onPrimary`."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def cleaned(
    values: Mapping[str, Any], *, standing: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values in the form that is stored, judged with what else stands.

    Raises ContrastTooLow where only colours are wrong, else BrandingInvalid; both name
    every field that is.
    """
    found, problems = each(values)
    after = {**standing, **found}
    problems += domain_problems(after) + added_reply_to(after, standing)
    if not {problem.field for problem in problems} & set(COLOURS):
        problems += contrast_problems(Chosen(**{key: after[key] for key in COLOURS}))
    refuse(problems)
    return found


def refuse(problems: list[Problem]) -> None:
    """Raise what the problems deserve; nothing where there are none."""
    if not problems:
        return
    kind = BrandingInvalid
    if all(problem.is_contrast for problem in problems):
        kind = ContrastTooLow
    errors = [problem.as_dict(camel) for problem in problems]
    raise kind(problems[0].message, extra={"errors": errors})


def each(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values that are fine by themselves, and what is wrong with others."""
    found: dict[str, Any] = {}
    problems = []
    for field, value in values.items():
        try:
            found[field] = CLEANERS[field](value)
        except Refused as error:
            problems.append(Problem(field, str(error)))
    return found, problems


# One field


def _name(longest: int, *, marks: Iterable[str] = ()) -> Callable[[str], str]:
    """Return the rule of a name that mails and pages show as the sender's own words."""

    def clean(value: str) -> str:
        text = _readable(value).strip()
        if any(unicodedata.category(letter) in INVISIBLE for letter in text):
            raise Refused(_("Write it on one line."))
        if len(text) > longest:
            raise Refused(_("Use at most %(most)d characters.") % {"most": longest})
        compared = _as_read(text)
        if any(mark in compared for mark in marks) or LINKED.search(compared):
            raise Refused(_("Write a name, without addresses and links."))
        return text

    return clean


def _as_read(text: str) -> str:
    """Return what a reader takes a text for, without what is not seen.

    A full-width letter or dot reads like the plain one, and a full stop of Chinese and
    Japanese like the dot of a domain, for which browsers take it too.
    """
    shown = (letter for letter in text if unicodedata.category(letter) != "Cf")
    read = unicodedata.normalize("NFKC", UNSEEN.sub("", "".join(shown)))
    return read.replace("\u3002", ".").lower()


def _footer(value: str) -> str:
    text = "\n".join(line.rstrip() for line in _readable(value).splitlines()).strip()
    if any(unicodedata.category(letter) == "Cc" for letter in text.replace("\n", "")):
        raise Refused(_("Remove the characters that cannot be shown."))
    if len(text) > LONGEST_FOOTER:
        raise Refused(_("Use at most %(most)d characters.") % {"most": LONGEST_FOOTER})
    return text


def _readable(value: str) -> str:
    if not storable(value) or TURNING & set(value):
        raise Refused(_("Remove the characters that cannot be shown."))
    return unicodedata.normalize("NFC", value)


def _colour(value: str) -> str:
    text = value.strip().lower()
    if text and not colours.is_colour(text):
        raise Refused(_("Write a colour like #3b5bdb."))
    return text


def _language(value: str) -> str:
    if value and value not in languages.names():
        raise Refused(_("Choose one of the languages of mails."))
    return value


def _time_zone(value: str) -> str:
    if value and not zones.is_known(value):
        raise Refused(_("Choose a time zone like Europe/Berlin."))
    return value


def _policy(value: str) -> str:
    if value and value not in RegistrationPolicy.values:
        raise Refused(_("Choose who may register."))
    return value


def _domains(value: Iterable[str]) -> list[str]:
    named = [hosts.canonical_host(item.strip().removeprefix("@")) for item in value]
    found = list(dict.fromkeys(name for name in named if name))
    if None in named or any("." not in name or "[" in name for name in found):
        raise Refused(_("Write domains like example.com, one on each line."))
    if len(found) > MOST_DOMAINS:
        raise Refused(_("Name at most %(most)d domains.") % {"most": MOST_DOMAINS})
    return found


def _reply_to(value: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(value))
    if len(found) > MOST_REPLY_TO:
        text = _("Use at most %(most)d addresses.") % {"most": MOST_REPLY_TO}
        raise Refused(text)
    return found


CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "name": _name(LONGEST_NAME),
    **dict.fromkeys(COLOURS, _colour),
    # An address in the sender's name would pass for the one that sent it.
    "sender_name": _name(LONGEST_SENDER, marks=("@", "<", ">")),
    "reply_to": _reply_to,
    "footer": _footer,
    "language": _language,
    "time_zone": _time_zone,
    "mail_enabled": bool,
    "registration_policy": _policy,
    "registration_domains": _domains,
}


# Fields together


def domain_problems(after: Mapping[str, Any]) -> list[Problem]:
    """Return the problem of a registration by domains that names none."""
    by_domain = after["registration_policy"] == RegistrationPolicy.DOMAINS
    if not by_domain or after["registration_domains"]:
        return []
    message = _("Name the domains whose people may register.")
    return [Problem("registration_domains", message)]


def added_reply_to(
    after: Mapping[str, Any], standing: Mapping[str, Any]
) -> list[Problem]:
    """Return the problem of addresses that nobody has confirmed."""
    known = {addresses.normalise_or_none(item) for item in standing["reply_to"]}
    added = [
        address
        for address in after["reply_to"]
        if address not in standing["reply_to"]
        and addresses.normalise_or_none(address) not in known
    ]
    if not added:
        return []
    return [Problem("reply_to", _("Confirm a new address by its code first."))]


def contrast_problems(chosen: Chosen) -> list[Problem]:
    """Return the colours that cannot be told apart from what they stand on."""
    ground = chosen.background or palette.DAY_GROUND
    control = [Need(ground, CONTROL_RATIO), Need(WHITE, CONTROL_RATIO)]
    words = [Need(ground, TEXT_RATIO), Need(WHITE, TEXT_RATIO)]
    primary = chosen.primary or chosen.accent or PRODUCT_COLOUR
    asked = {
        "background": [Need(palette.DAY_MUTED, TEXT_RATIO)],
        "text": words,
        "primary": control,
        "accent": control,
        "on_primary": [Need(primary, TEXT_RATIO)],
    }
    found = [_contrast(field, getattr(chosen, field), asked[field]) for field in asked]
    return [problem for problem in found if problem]


def _contrast(field: str, colour: str, needs: list[Need]) -> Problem | None:
    if not colour or colours.passes(colour, needs):
        return None
    ratios = [(colours.ratio(colour, need.other), need) for need in needs]
    ratio, worst = min(ratios, key=lambda item: item[0] / item[1].ratio)
    nearest = colours.nearest(colour, needs) or ""
    values = {
        "colour": colour,
        "other": worst.other,
        "ratio": f"{_cut(ratio):.2f}",
        "needed": f"{worst.ratio:g}",
        "nearest": nearest,
    }
    text = _(
        "%(colour)s has a contrast of %(ratio)s to 1 with %(other)s and needs"
        " %(needed)s; the nearest colour that has it is %(nearest)s."
    )
    return Problem(field, text % values, _cut(ratio), worst.ratio, nearest)


def _cut(ratio: float) -> float:
    """Return the ratio cut, not rounded: 4.49 must not look like 4.5."""
    return int(ratio * 100) / 100
