"""Kinds of credentials: how each is got, how it is shown, and that it works at home."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from django.test import Client

from tenants.testing.twins import Twin

LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
ROTATED: Final = str.maketrans(
    LOWER + LOWER.upper() + "0123456789",
    LOWER[1:] + "a" + LOWER[1:].upper() + "A" + "1234567890",
)


class Visit(Protocol):
    """Makes a client of a host, with headers."""

    def __call__(self, host: str, **headers: str) -> Client: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A credential, in every place where a request could show it.

    `known` is what goes with it and is no secret, such as the mail address;
    `in_path` replaces the plan's values in the paths of doors: a signed link.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    in_path: Mapping[str, str] = field(default_factory=dict)

    def as_mirrored(self, words: Iterable[tuple[str, str]]) -> "Held":
        """Return it with what is known beside it as the mirrored rows say it."""
        known = dict(self.known)
        for old, new in words:
            known = {name: text.replace(old, new) for name, text in known.items()}
        return replace(self, known=known)

    def forged(self) -> "Held":
        """Return a credential of the same shape that nobody ever gave out."""
        return Held(
            headers={name: forged(value) for name, value in self.headers.items()},
            cookies={name: forged(value) for name, value in self.cookies.items()},
            fields={name: forged(value) for name, value in self.fields.items()},
            known=self.known,
            query={name: forged(value) for name, value in self.query.items()},
            in_path={name: forged(value) for name, value in self.in_path.items()},
        )


def forged(text: str) -> str:
    """Return the next letter for each; what stands before a space is kept."""
    scheme, space, secret = text.rpartition(" ")
    return scheme + space + secret.translate(ROTATED)


@dataclass(frozen=True, slots=True)
class Works:
    """Where a credential opens at home, and what is answered there."""

    method: str
    path: str
    status: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    #: Whose site: the holder's own, or the public one.
    site: str = "tenant"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of credential.

    `mint` gets one for the admin of a tenant, by the real way in.
    `rows` are the models that hold it, `cookies` the cookies that carry it, `schemes`
    the security schemes of OpenAPI that take it: the inventory asks for all of them.
    `counted_in` are the tables in which any door counts that a wrong one was shown.
    """

    name: str
    mint: Callable[[Twin, Visit], Held]
    works: Works | None = None
    rows: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    counted_in: tuple[str, ...] = ()
    #: Set for the pair that forms ask for: the check is on while it is shown.
    is_csrf: bool = False
    #: Set for what only somebody who is signed in there may show: an address of a file.
    is_for_members: bool = False
    #: Says why nothing opens at home, where `works` is None.
    reason: str = ""
