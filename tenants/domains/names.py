"""Which names a customer may bring along.

Mixed scripts in one label are refused by `hosts.canonical_host`. A name of one script
that looks like another name is not: who controls its DNS owns it, whatever it looks
like, and it leads to the owner's workspace and to nothing of ours.
"""

import ipaddress
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from publicsuffixlist import PublicSuffixList

from tenants import hosts
from tenants.domains.edge import entries
from tenants.errors import DomainInvalid

RESERVED_FILE: Final = Path(__file__).parents[1] / "reserved_domains.txt"
#: What is left of a name's 253 characters when the record stands before it.
LONGEST: Final = hosts.LONGEST_NAME - len("_tenantry.")


@cache
def reserved() -> frozenset[str]:
    """Return the names that nobody gets, with all below them."""
    lines = RESERVED_FILE.read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@cache
def suffixes() -> PublicSuffixList:
    """Return the list of names such as co.uk, as the package has it."""
    return PublicSuffixList()


def check_name(raw: str) -> str:
    """Return the canonical name. Raises DomainInvalid with what is wrong."""
    raw = raw.strip()
    host = canonical(raw)
    if host is None:
        raise DomainInvalid(malformed(raw))
    problem = problem_of(host)
    if problem:
        raise DomainInvalid(problem)
    return host


def canonical(raw: str) -> str | None:
    """Return the canonical spelling of a name; None where it is none, or has a port."""
    return None if ":" in raw and not raw.startswith("[") else hosts.canonical_host(raw)


def malformed(raw: str) -> str:
    """Return in words why a text is no name."""
    if "*" in raw:
        return _("A wildcard cannot be added; add each name by itself.")
    if ":" in raw or "/" in raw:
        return _(
            "Enter the name alone, like shop.example.com, without http:// or port."
        )
    return _("This is no domain name; enter one like shop.example.com.")


def problem_of(host: str) -> str:
    """Return why a canonical name is refused, in words; empty where it is not."""
    if is_address(host):
        return _("This is an address; enter a name.")
    if "." not in host:
        return _("A name has at least two parts, like shop.example.com.")
    if len(host) > LONGEST:
        return _("This name is too long.")
    return whose(host)


def whose(host: str) -> str:
    """Return in words why a name cannot be a customer's; empty where it can."""
    if is_ours(host):
        return _("This name belongs to the platform.")
    if any(is_within(host, name) for name in reserved()):
        return _("This name is reserved and cannot lead anywhere.")
    if suffixes().is_public(host):
        return _("Under this name others register theirs; enter one of your own.")
    return ""


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_ours(host: str) -> bool:
    """Tell whether a name is the platform's, or below one of its names."""
    own = {
        settings.TENANTRY_PLATFORM_DOMAIN,
        *settings.TENANTRY_PUBLIC_HOSTS,
        *entries().names,
    }
    return any(is_within(host, name) for name in hosts.canonical_names(tuple(own)))


def is_within(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")
