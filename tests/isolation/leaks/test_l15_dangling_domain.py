"""L15: a host name that was removed, lapsed or merely claimed leads nobody to a tenant.

Here a name is verified, unverified and removed by hand, and each act is in force at
once. The drills with cool-down, lapse and re-check are in `tests/tenants/domains/`.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import clock
from tenants import directory, hosts, provisioning
from tenants.context import CONTROL, TenantInfo, use_control
from tenants.models import Domain, Tenant
from tests import twins

SHOP = "shop.test"


@pytest.fixture
def remembered(acme, globex, settings) -> Any:
    """Have answers live long, and nothing but this process's own acts end them."""
    settings.TENANTRY_LISTEN = False
    directory.empty(told=True)
    yield
    directory.empty(told=False)


def domain_of(tenant: TenantInfo, name: str = SHOP, **values: Any) -> Domain:
    """Claim a name for a tenant."""
    with use_control():
        return Domain.objects.create(
            domain=name,
            tenant=Tenant.objects.get(uuid=tenant.uuid),
            is_primary=False,
            kind=Domain.Kind.CUSTOM,
            **values,
        )


def verified(tenant: TenantInfo, name: str = SHOP) -> Domain:
    return domain_of(tenant, name, verified_at=clock.now())


@use_control()
def unverify(domain: Domain) -> None:
    domain.verified_at = None
    domain.is_primary = False
    domain.save()


@use_control()
def made_primary(domain: Domain) -> Domain:
    Domain.objects.filter(tenant=domain.tenant).update(is_primary=False)
    domain.is_primary = True
    domain.save()
    return domain


@use_control()
def verify(domain: Domain) -> None:
    domain.verified_at = clock.now()
    domain.save()


@use_control()
def remove(domain: Domain) -> None:
    domain.delete()


def owner(name: str = SHOP) -> str | None:
    """Return the slug of the tenant that a request for the name would reach."""
    site = hosts.resolve(name)
    assert site is not CONTROL
    return site.slug if site else None


# At once


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", [unverify, remove])
def test_a_name_that_ends_leads_nowhere_at_once(
    visitor, acme, remembered, end: Callable[[Domain], None]
) -> None:
    domain = verified(acme)
    sign_in = "/api/auth/mobile/sign-in"
    assert visitor(SHOP).post(sign_in).status_code == 400
    end(domain)
    for path in ("/", sign_in, "/static/tenantry/base.css", "/admin/"):
        assert visitor(SHOP).post(path).status_code == 404
        assert visitor(SHOP).get(path).status_code == 404
    assert visitor("acme.localhost").post(sign_in).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_without_the_word_of_the_change_it_would_lead_there_still(
    acme, remembered, monkeypatch
) -> None:
    domain = verified(acme)
    assert owner() == "acme"
    monkeypatch.setattr(directory._directory, "drop", lambda **_names: None)
    remove(domain)
    assert owner() == "acme"


@pytest.mark.django_db(transaction=True)
def test_a_primary_name_that_lapses_gives_its_links_back(
    visitor, acme, remembered
) -> None:
    domain = made_primary(verified(acme))
    led = visitor("acme.localhost").get("/leave/")
    assert led["Location"] == f"http://{SHOP}:8000/leave/"
    assert hosts.absolute_url("/", tenant=hosts.resolve(SHOP)).startswith(
        f"http://{SHOP}:"
    )
    unverify(domain)
    assert visitor("acme.localhost").get("/accounts/sign-in").status_code == 200
    left = hosts.resolve("acme.localhost")
    assert hosts.absolute_url("/", tenant=left) == "http://acme.localhost:8000/"


# A claim


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [SHOP, "acme.localhost", "localhost", "www.localhost", "newcomer.localhost"]
)
def test_a_claim_leads_nowhere_and_takes_nothing(
    visitor, acme, globex, name: str
) -> None:
    before = hosts.resolve(name), visitor(name).get("/").status_code
    domain_of(globex, name)
    assert (hosts.resolve(name), visitor(name).get("/").status_code) == before
    assert before[0] in (None, acme, CONTROL)


@pytest.mark.django_db
def test_a_claim_keeps_nobody_from_the_name(acme, globex) -> None:
    claim = domain_of(globex)
    again = domain_of(acme)
    verify(again)
    assert owner() == "acme"
    with (
        use_control(),
        pytest.raises(IntegrityError, match="domain_verified_once"),
        transaction.atomic(),
    ):
        verify(claim)
    assert owner() == "acme"


@pytest.mark.django_db
def test_a_tenant_claims_a_name_once(acme) -> None:
    domain_of(acme)
    with (
        use_control(),
        pytest.raises(IntegrityError, match="domain_claimed_once"),
        transaction.atomic(),
    ):
        domain_of(acme)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_verified", [False, True])
def test_a_platform_name_goes_to_whom_the_platform_gives_it(
    globex, is_verified
) -> None:
    """A name below the platform's that a customer brought leads nowhere in any case."""
    name = "newcomer.localhost"
    domain = domain_of(globex, name)
    if is_verified:
        verify(domain)
        assert owner(name) is None
        return
    order = {"name": "Newcomer", "owner_email": "operator@newcomer.test"}
    provisioning.begin(slug="newcomer", **order, background=False)
    assert owner(name) == "newcomer"


# Another tenant takes the name


@pytest.mark.django_db(transaction=True)
def test_who_signed_in_under_a_name_is_a_stranger_to_its_next_owner(
    visitor, acme, globex, remembered, person
) -> None:
    domain = made_primary(verified(acme))
    browser, program = visitor(SHOP), visitor(SHOP)
    words = {"username": "bob", "password": twins.PASSWORD}
    browser.post("/accounts/sign-in", words)
    as_json = {"content_type": "application/json"}
    tokens = program.post("/api/auth/mobile/sign-in", words, **as_json).json()
    refresh = {"refresh": tokens["refresh"]}

    def statuses() -> list[int]:
        bearer = {"authorization": f"Bearer {tokens['access']}"}
        return [
            browser.get("/leave/").status_code,
            program.get("/api/protected/me", headers=bearer).status_code,
        ]

    assert statuses() == [200, 200]
    remove(domain)
    assert statuses() == [404, 404]
    made_primary(verified(globex))
    assert person("bob").pk == person("bob", globex).pk
    assert owner() == "globex"
    assert statuses() == [302, 401]
    again = program.post("/api/auth/mobile/token-refresh", refresh, **as_json)
    assert again.status_code == 401


# Any order of acts

NAMES = st.sampled_from([SHOP, "desk.test"])
WHO = st.sampled_from(["acme", "globex"])
ACTS = st.lists(
    st.tuples(st.sampled_from(["claim", "verify", "unverify", "remove"]), WHO, NAMES),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS)
def test_in_any_order_of_acts_a_name_leads_to_who_verified_it(
    acme, globex, remembered, acts
) -> None:
    tenants = {"acme": acme, "globex": globex}
    rows: dict[tuple[str, str], Domain] = {}
    leads: dict[str, str | None] = {SHOP: None, "desk.test": None}
    for act, slug, name in acts:
        row = rows.get((slug, name))
        if act == "claim" and row is None:
            rows[slug, name] = domain_of(tenants[slug], name)
        elif act == "verify" and row is not None:
            if leads[name] in (None, slug):
                verify(row)
                leads[name] = slug
            else:
                with pytest.raises(IntegrityError):
                    verify(row)
                row.verified_at = None
        elif act == "unverify" and row is not None:
            unverify(row)
            leads[name] = None if leads[name] == slug else leads[name]
        elif act == "remove" and row is not None:
            remove(rows.pop((slug, name)))
            leads[name] = None if leads[name] == slug else leads[name]
        assert {name: owner(name) for name in leads} == leads
    for row in rows.values():
        remove(row)
