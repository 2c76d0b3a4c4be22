"""From a Host header to a tenant, and from a tenant to its addresses."""

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna
from django.conf import settings

from tenants import directory
from tenants.context import CONTROL, Control, TenantInfo, current

LONGEST_NAME: Final = 253
LONGEST_HEADER: Final = LONGEST_NAME + len(".:65535")
PORT: Final = re.compile(r":([0-9]{0,5})\Z")
HIGHEST_PORT: Final = 65535
LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
#: A last label that browsers read as a number, and the whole name as an address.
NUMBER: Final = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z")
#: What may follow a name and counts in its origin: the final dot, the port.
ENDING: Final = re.compile(r"\.?(:[0-9]+)?\Z")
#: What UTS 39 calls highly restrictive: one script, or one of these sets.
TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def canonical_host(raw: str) -> str | None:
    """Return the one spelling of a host, or None where it is no host at all.

    Lower case, A-labels, without port and final dot; an IPv6 address keeps its
    brackets, so the answer given again is the answer.
    """
    if not raw or len(raw) > LONGEST_HEADER:
        return None
    if raw.startswith("["):
        return canonical_ipv6(raw)
    name = without_port(raw)
    if name is None:
        return None
    return canonical_name(name.removesuffix("."))


def without_port(raw: str) -> str | None:
    """Return what stands before the port; None where the port is none."""
    match = PORT.search(raw)
    if match is None:
        return raw
    if int(match[1] or 0) > HIGHEST_PORT:
        return None
    return raw[: match.start()]


def canonical_ipv6(raw: str) -> str | None:
    address, closed, port = raw[1:].partition("]")
    if not closed or (port and without_port("x" + port) != "x"):
        return None
    if "%" in address:
        return None  # the zone is the other machine's, and may be any text
    try:
        return f"[{ipaddress.IPv6Address(address).compressed}]"
    except ValueError:
        return None


def canonical_name(name: str) -> str | None:
    """Return a name in A-labels, or an IPv4 address; None for anything else."""
    if not name or name.startswith(".") or not name.isprintable():
        return None
    try:
        ascii_name = (
            name.lower()
            if name.isascii()
            else idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
        )
    except (idna.IDNAError, UnicodeError):
        return None
    labels = ascii_name.split(".")
    if len(ascii_name) > LONGEST_NAME or not all(map(is_label, labels)):
        return None
    if NUMBER.match(labels[-1]):
        return canonical_ipv4(ascii_name)
    return ascii_name


def is_label(label: str) -> bool:
    """Tell whether a label is letters, digits and hyphens, or a sound A-label."""
    if LABEL.match(label) is None:
        return False
    if not label.startswith("xn--"):
        return True
    try:
        return is_one_script(idna.ulabel(label))
    except (idna.IDNAError, UnicodeError):
        return False


def is_one_script(text: str) -> bool:
    """Tell whether the letters may stand together: one script, or a known set."""
    scripts = frozenset(
        unicodedata.name(char, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
        for char in text
        if unicodedata.category(char).startswith("L")
    )
    return len(scripts) <= 1 or any(scripts <= together for together in TOGETHER)


def canonical_ipv4(text: str) -> str | None:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None


@lru_cache
def canonical_names(hosts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(host for host in map(canonical_host, hosts) if host)


def with_ending(host: str, raw: str) -> str:
    """Return a canonical host as browsers name it in an origin: with dot and port."""
    ending = ENDING.search(raw)
    return host + (ending[0] if ending else "")


def is_public(host: str) -> bool:
    """Tell whether a canonical host is one of the public site, by the settings."""
    return host in canonical_names(tuple(settings.TENANTRY_PUBLIC_HOSTS))


def resolve(host: str) -> TenantInfo | Control | None:
    """Return what a canonical host leads to: the public site, a tenant, or nothing."""
    if is_public(host):
        return CONTROL
    found = directory.find(host)
    return found.tenant if found else None


def platform_domain(slug: str) -> str:
    """Return the host name that the platform gives to a tenant with this slug."""
    return f"{slug}.{settings.TENANTRY_PLATFORM_DOMAIN}"


def absolute_url(path: str, *, tenant: TenantInfo | None = None) -> str:
    """Return the full address of a path on a tenant's primary domain.

    Without `tenant`: of the present context, the public host in the control plane.
    A tenant without a verified primary domain has the platform's.
    Raises ValueError for a path that could lead to another host.
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise ValueError(f"{path!r} is no path of our own.")
    context = tenant or current()
    if isinstance(context, Control):
        host = settings.TENANTRY_PUBLIC_HOSTS[0]
    else:
        host = context.primary_domain or platform_domain(context.slug)
    return origin(host) + path


def origin(host: str) -> str:
    """Return scheme, host and port, the last where it is not the scheme's own."""
    port = settings.TENANTRY_PORT
    shown = "" if port == DEFAULT_PORTS[settings.TENANTRY_SCHEME] else f":{port}"
    return f"{settings.TENANTRY_SCHEME}://{host}{shown}"
