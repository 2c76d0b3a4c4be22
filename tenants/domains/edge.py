"""Where customers' names have to lead: the names and addresses of the platform."""

import ipaddress
from dataclasses import dataclass

from django.conf import settings

from tenants import hosts


@dataclass(frozen=True, slots=True)
class Edge:
    """What TENANTRY_EDGE says, in canonical form."""

    names: frozenset[str]
    addresses: frozenset[str]


def entries() -> Edge:
    """Return the entries of the setting; without any, the platform's own domain."""
    given = settings.TENANTRY_EDGE or [settings.TENANTRY_PLATFORM_DOMAIN]
    names, addresses = set(), set()
    for text in given:
        try:
            addresses.add(str(ipaddress.ip_address(text.strip("[]"))))
        except ValueError:
            names.add(hosts.canonical_host(text) or text.lower())
    return Edge(frozenset(names), frozenset(addresses))


def shown() -> str:
    """Return the name or address that a customer's record should name."""
    edge = entries()
    return min(edge.names or edge.addresses)
