"""Two resolvers, and shop.test with what its owner puts there."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tenants import domains
from tenants.context import TenantInfo, use_control
from tenants.domains import Checked, record_name, record_value, resolvers
from tenants.models import Domain, Tenant
from tests.tenants.domains import dns_server
from tests.tenants.domains.dns_server import Dns

SHOP = "shop.test"
EDGE = "edge.platform.test"
EDGE_ADDRESS = "192.0.2.10"


@dataclass(frozen=True)
class World:
    """Both resolvers, which say the same unless a test tells one of them alone."""

    one: Dns
    two: Dns

    def set(self, name: str, kind: str, *values: str) -> None:
        self.one.set(name, kind, *values)
        self.two.set(name, kind, *values)

    def clear(self, name: str) -> None:
        self.one.clear(name)
        self.two.clear(name)

    def prove(self, domain: Domain) -> None:
        """Put the record of a row where it belongs."""
        value = record_value(domain.verification_token)
        self.set(record_name(domain.domain), "TXT", f'"{value}"')

    def fault(self, name: str, how: str) -> None:
        self.one.fault(name, how)
        self.two.fault(name, how)


@pytest.fixture(scope="module")
def _servers() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(*[stack.enter_context(dns_server.serving()) for _ in range(2)])


@pytest.fixture
def world(_servers: World, settings, monkeypatch) -> World:
    """Return the world with nothing in it but the platform."""
    for server in (_servers.one, _servers.two):
        server.zone, server.faults, server.asked = {}, {}, []
        server.truncated = False
        server.on_question = lambda: None
    settings.TENANTRY_RESOLVERS = [_servers.one.address, _servers.two.address]
    settings.TENANTRY_EDGE = [EDGE]
    monkeypatch.setattr(resolvers, "PER_QUESTION", 0.25)
    _servers.set(EDGE, "A", EDGE_ADDRESS)
    return _servers


def row_of(tenant: TenantInfo) -> Tenant:
    with use_control():
        return Tenant.objects.get(uuid=tenant.uuid)


def claim(tenant: TenantInfo, name: str = SHOP) -> Domain:
    return domains.claim(tenant=row_of(tenant), name=name, by="tests")


def fresh(domain: Domain) -> Domain | None:
    with use_control():
        return Domain.objects.select_related("tenant").filter(pk=domain.pk).first()


def verify(domain: Domain) -> Checked:
    return domains.verify(domain, by="tests")


@pytest.fixture
def owned(world: World) -> Callable[..., Domain]:
    """Return a maker of verified names: `owned(acme)`."""

    def make(tenant: TenantInfo, name: str = SHOP) -> Domain:
        domain = claim(tenant, name)
        world.prove(domain)
        assert verify(domain).is_found
        found = fresh(domain)
        assert found is not None
        return found

    return make


@pytest.fixture
def primary(owned) -> Callable[..., Domain]:
    """Return a maker of names that are verified and primary."""

    def make(tenant: TenantInfo, name: str = SHOP) -> Domain:
        return domains.make_primary(owned(tenant, name), by="tests")

    return make
