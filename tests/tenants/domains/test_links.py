"""Links of mails lead to the verified primary name of their tenant, and to no other."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from kernel import clock
from tenants import directory, domains
from tenants.context import TenantInfo, use_control
from tenants.domains import Stage, record_name, stage
from tenants.lookup import by_uuid
from tenants.models import Domain
from tests.isolation.leaks.test_l14_host_header import foreign, links
from tests.tenants.domains.conftest import SHOP, World, claim, fresh


@pytest.fixture(autouse=True)
def _frozen(db):
    with clock.frozen():
        yield


def now(tenant: TenantInfo) -> TenantInfo:
    """Return the tenant as a worker that sends its mails would find it."""
    found = by_uuid(tenant.uuid)
    assert found is not None
    return found


def asks_for_a_mail(visitor, tenant: TenantInfo) -> None:
    """Have bob mailed; his address is of the tenant."""
    answer = visitor(now(tenant).primary_domain).post(
        "/api/accounts/forgot-password",
        {"email": f"bob@{tenant.slug}.test"},
        content_type="application/json",
    )
    assert answer.status_code == 200


def hosts_of(tenant: TenantInfo) -> set[str]:
    return {
        urlsplit(link).netloc
        for template, link in links(now(tenant))
        if template == "accounts/reset_code"
    }


def test_hst_8_links_follow_the_primary_name_through_all_its_states(
    world: World, acme, globex, owned, visitor
) -> None:
    both = (acme, globex)
    claim(globex, "claimed.test")
    domain = owned(acme)
    for tenant in both:
        asks_for_a_mail(visitor, tenant)
    assert [hosts_of(one) for one in both] == [
        {"acme.localhost:8000"},
        {"globex.localhost:8000"},
    ]
    domains.make_primary(domain, by="tests")
    asks_for_a_mail(visitor, acme)
    assert [hosts_of(one) for one in both] == [
        {f"{SHOP}:8000"},
        {"globex.localhost:8000"},
    ]
    assert [foreign(now(one)) for one in both] == [set(), set()]
    world.clear(record_name(SHOP))
    while stage(fresh(domain)) is not Stage.LAPSED:
        clock.advance(timedelta(hours=27))
        domains.recheck_due()
    directory.empty()
    assert [hosts_of(one) for one in both] == [
        {"acme.localhost:8000"},
        {"globex.localhost:8000"},
    ]
    assert [foreign(now(one)) for one in both] == [set(), set()]


def test_hst_9_a_verified_name_that_is_not_primary_is_in_no_link(
    world: World, acme, owned, visitor
) -> None:
    owned(acme)
    asks_for_a_mail(visitor, acme)
    with use_control():
        assert Domain.objects.filter(domain=SHOP, verified_at__isnull=False).exists()
    assert hosts_of(acme) == {"acme.localhost:8000"}
