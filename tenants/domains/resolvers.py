"""Ask the DNS, in bounded time, and never while a transaction is open.

A resolver answers, says that there is nothing, or does not answer: `values` is None
then, and nobody takes that for a word about the name. SERVFAIL is a word: it is what
a resolver says of a zone that is broken or gone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

import dns.exception
import dns.rdatatype
import dns.resolver
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: Seconds for one question, and for all that a check asks.
PER_QUESTION: Final = 2.0
PER_CHECK: Final = 8.0
DNS_PORT: Final = 53
#: Stands beside the machine's own resolver where no other is named.
PUBLIC: Final = ("9.9.9.9", "1.1.1.1")
WANTED: Final = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What a resolver said; `values` is None where it said nothing.

    `chain` holds the names that the answer went through, without the last dot.
    """

    values: frozenset[str] | None
    chain: frozenset[str] = frozenset()


SILENCE: Final = Heard(None)
NOTHING: Final = Heard(frozenset())


class Budget:
    """The time that is left for a check."""

    def __init__(
        self, seconds: float = PER_CHECK, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._timer = timer
        self._ends = timer() + seconds

    def for_question(self) -> float:
        """Return the seconds that the next question may take; none is 0 or less."""
        return min(PER_QUESTION, self._ends - self._timer())


def addresses() -> list[tuple[str, int]]:
    """Return the resolvers to ask: those of the settings, or this machine's and others.

    Raises ImproperlyConfigured where the settings name fewer than two, or no address.
    """
    if settings.TENANTRY_RESOLVERS:
        found = [parsed(text) for text in settings.TENANTRY_RESOLVERS]
        if len(set(found)) < WANTED:
            raise ImproperlyConfigured("TENANTRY_RESOLVERS needs two resolvers.")
        return found[:WANTED]
    others = [*of_this_machine()[:1], *PUBLIC]
    return [(address, DNS_PORT) for address in dict.fromkeys(others)][:WANTED]


def parsed(text: str) -> tuple[str, int]:
    """Return address and port of `192.0.2.1`, `192.0.2.1:53` or `[2001:db8::1]:53`."""
    address, port = text, str(DNS_PORT)
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    try:
        return str(ip_address(address)), int(port)
    except ValueError:
        raise ImproperlyConfigured(
            f"TENANTRY_RESOLVERS names {text!r}; write address or address:port."
        ) from None


def of_this_machine() -> list[str]:
    """Return the resolvers that this machine uses; none where it does not say so."""
    try:
        found = dns.resolver.Resolver(configure=True).nameservers
    except (dns.exception.DNSException, OSError):
        return []
    return [text for text in map(str, found) if not text.startswith("http")]


def ask(resolver: tuple[str, int], name: str, kind: str, budget: Budget) -> Heard:
    """Return what one resolver says of a name."""
    seconds = budget.for_question()
    if seconds <= 0:
        return SILENCE
    asked = dns.resolver.Resolver(configure=False)
    address, asked.port = resolver
    asked.nameservers = [address]
    asked.timeout = asked.lifetime = seconds
    try:
        answer = asked.resolve(
            f"{name}.", kind, raise_on_no_answer=False, search=False, lifetime=seconds
        )
    except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
        return NOTHING
    except dns.resolver.NoNameservers as error:
        # Unlike a time-out: the resolver answered, with an error about the name.
        return NOTHING if answered(error) else SILENCE
    except (dns.exception.DNSException, OSError, EOFError):
        return SILENCE
    return heard(answer, kind)


def answered(error: dns.resolver.NoNameservers) -> bool:
    """Tell whether a resolver said SERVFAIL, and not that it will not talk to us."""
    words = [str(one[3]) for one in error.kwargs.get("errors", [])]
    return any("SERVFAIL" in word for word in words)


def heard(answer: dns.resolver.Answer, kind: str) -> Heard:
    """Return values and chain of an answer."""
    wanted = dns.rdatatype.from_text(kind)
    records: list[Any] = list(answer.rrset or ())
    values = (text_of(record) for record in records if record.rdtype == wanted)
    aliases = (
        str(record.target)
        for group in answer.response.answer
        if group.rdtype == dns.rdatatype.CNAME
        for record in group
    )
    return Heard(
        frozenset(values), frozenset(name.rstrip(".").lower() for name in aliases)
    )


def text_of(record: Any) -> str:
    """Return a record as text; the strings of a TXT record are one."""
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings).decode("ascii", "replace")
    return str(ip_address(record.address))
