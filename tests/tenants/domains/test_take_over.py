"""DOM-3 and DOM-5: whose a name is, and when it may become another's."""

from datetime import timedelta

import pytest

from kernel import clock
from tenants import domains, hosts, states
from tenants.context import CONTROL, TenantInfo, use_control
from tenants.domains import Outcome, Stage, stage
from tenants.domains.claiming import MOST
from tenants.errors import (
    DomainCooling,
    DomainKept,
    DomainTaken,
    DomainUnknown,
    DomainUnverified,
    MoveRefused,
    TooManyDomains,
)
from tenants.models import Domain, OperatorEvent
from tests.tenants.domains.conftest import SHOP, World, claim, fresh, row_of, verify

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _frozen(db):
    with clock.frozen():
        yield


def owner(name: str = SHOP) -> str | None:
    site = hosts.resolve(name)
    assert site is not CONTROL
    return site.slug if site else None


def remove(domain: Domain, **how) -> object:
    return domains.remove(domain, by="tests", **how)


def platform_row(tenant: TenantInfo) -> Domain:
    with use_control():
        return Domain.objects.select_related("tenant").get(
            tenant__uuid=tenant.uuid, kind="platform"
        )


@use_control()
def actions(name: str = SHOP) -> list[str]:
    found = OperatorEvent.objects.filter(args__domain=name)
    return sorted(event.action for event in found)


@use_control()
def rows(name: str = SHOP) -> int:
    return Domain.objects.filter(domain=name).count()


# Claims


def test_dom_1_a_claim_has_a_token_of_its_own_and_leads_nowhere(acme, globex) -> None:
    mine, theirs = claim(acme), claim(globex)
    assert mine.verification_token != theirs.verification_token
    assert stage(mine) is Stage.CLAIMED
    assert owner() is None
    assert actions() == ["domain.claimed", "domain.claimed"]


def test_a_claim_made_again_is_the_same_claim(acme) -> None:
    assert (
        claim(acme).verification_token == claim(acme, " SHOP.test. ").verification_token
    )
    assert rows() == 1


def test_dom_3_a_claim_blocks_nobody(world: World, acme, globex, owned) -> None:
    claim(globex)
    owned(acme)
    assert owner() == "acme"
    assert actions() == ["domain.claimed", "domain.claimed", "domain.verified"]


def test_dom_3_a_name_is_verified_by_one_tenant_only(
    world: World, acme, globex, owned
) -> None:
    theirs = claim(globex)
    owned(acme)
    world.prove(theirs)  # whoever has the DNS now: the name is acme's until it lapses
    with pytest.raises(DomainTaken, match="another workspace"):
        verify(theirs)
    with pytest.raises(DomainTaken):
        claim(globex)
    assert owner() == "acme"


def test_dom_3_the_token_of_another_tenant_proves_nothing(
    world: World, acme, globex
) -> None:
    mine, theirs = claim(acme), claim(globex)
    world.prove(theirs)
    checked = verify(mine)
    assert (checked.outcome, checked.others) == (Outcome.MISSING, 1)
    assert owner() is None
    assert verify(theirs).is_found
    assert owner() == "globex"


@pytest.mark.parametrize("days", [6.99, 7.01])
def test_dom_3_a_claim_expires_after_7_days(acme, days) -> None:
    claim(acme)
    clock.advance(timedelta(days=days))
    assert domains.tidy() == (days > 7)
    assert rows() == (days < 7)


def test_a_token_that_was_replaced_meanwhile_proves_nothing(
    world: World, acme, owned
) -> None:
    old = owned(acme)
    remove(old)
    claim(acme)
    world.prove(old)
    with pytest.raises(DomainUnknown):
        verify(old)
    assert owner() is None


def test_a_claim_that_was_removed_while_the_dns_was_asked_is_gone(
    world: World, acme
) -> None:
    domain = claim(acme)
    with use_control():
        Domain.objects.filter(pk=domain.pk).delete()
    world.prove(domain)
    with pytest.raises(DomainUnknown):
        verify(domain)
    assert owner() is None


def test_a_tenant_has_a_bound_number_of_names(acme, globex) -> None:
    for number in range(MOST):
        claim(acme, f"shop{number}.test")
    with pytest.raises(TooManyDomains):
        claim(acme)
    assert stage(claim(acme, "shop0.test")) is Stage.CLAIMED
    assert claim(globex).tenant_id == row_of(globex).pk


def test_a_tenant_that_is_being_deleted_gets_no_name(world: World, acme, owned) -> None:
    domain = owned(acme)
    states.change_state(row_of(acme), states.State.DELETING, reason="", by="tests")
    gone = fresh(domain)
    for act in (
        lambda: claim(acme, "desk.test"),
        lambda: verify(gone),
        lambda: domains.make_primary(gone, by="tests"),
    ):
        with pytest.raises(MoveRefused):
            act()
    remove(gone)  # giving up is always possible
    assert owner() is None


# Primary


def test_only_a_verified_name_becomes_primary(world: World, acme) -> None:
    with pytest.raises(DomainUnverified):
        domains.make_primary(claim(acme), by="tests")


def test_primary_moves_to_a_name_and_back(world: World, acme, owned) -> None:
    domain = owned(acme)
    assert not domain.is_primary
    domains.make_primary(domain, by="tests")
    domains.make_primary(domain, by="tests")
    site = hosts.resolve("acme.localhost")
    assert hosts.absolute_url("/", tenant=site) == f"http://{SHOP}:8000/"
    domains.make_primary(platform_row(acme), by="tests")
    site = hosts.resolve(SHOP)
    assert hosts.absolute_url("/", tenant=site) == "http://acme.localhost:8000/"
    assert actions().count("domain.primary") == 1


def test_hst_9_pages_of_a_name_redirect_to_the_primary_and_posts_do_not(
    world: World, acme, owned, visitor
) -> None:
    owned(acme)
    led = visitor(SHOP).get("/leave/?a=b%20c")
    assert (led.status_code, led["Location"]) == (
        301,
        "http://acme.localhost:8000/leave/?a=b%20c",
    )
    assert visitor(SHOP).post("/api/auth/mobile/sign-in").status_code == 400
    claim(acme, "desk.test")
    assert visitor("desk.test").get("/leave/").status_code == 404


def test_hst_2_www_of_a_name_leads_there_only_where_it_is_registered_so(
    world: World, acme, owned
) -> None:
    owned(acme)
    assert (owner(SHOP), owner(f"www.{SHOP}"), owner(f"www.www.{SHOP}")) == (
        "acme",
        None,
        None,
    )
    owned(acme, f"www.{SHOP}")
    assert owner(f"www.{SHOP}") == "acme"
    owned(acme, "www.desk.test")
    assert (owner("www.desk.test"), owner("desk.test")) == ("acme", None)


# Removal, and the drill


def test_a_claim_that_is_removed_leaves_nothing(acme) -> None:
    assert remove(claim(acme)) is None
    assert rows() == 0


def test_the_platforms_name_is_not_removed(acme) -> None:
    with pytest.raises(DomainKept):
        remove(platform_row(acme))


def test_a_name_is_removed_once(world: World, acme, owned) -> None:
    domain = owned(acme)
    remove(domain)
    with pytest.raises(DomainUnknown):
        remove(domain)


def test_dom_5_the_drill_a_removes_and_b_claims(
    world: World, acme, globex, primary
) -> None:
    domain = primary(acme)
    world.set("note.test", "A", "192.0.2.1")
    free_at = remove(domain)
    assert free_at == clock.now() + 30 * DAY
    assert owner() is None
    assert hosts.resolve("acme.localhost").primary_domain == "acme.localhost"
    for _ in range(2):
        with pytest.raises(DomainCooling, match="until recently") as caught:
            claim(globex)
        assert caught.value.extra["free_at"] == f"{free_at:%Y-%m-%dT%H:%M:%SZ}"
        clock.advance(15 * DAY - timedelta(seconds=1))
        assert domains.tidy() == 0
    clock.advance(timedelta(seconds=2))
    theirs = claim(globex)
    world.prove(theirs)
    assert verify(theirs).is_found
    assert owner() == "globex"
    assert domains.tidy() == 1
    assert rows() == 1


def test_dom_5_b_who_claimed_before_waits_as_well(
    world: World, acme, globex, owned
) -> None:
    theirs = claim(globex)
    domain = owned(acme)
    remove(domain)
    world.prove(theirs)
    with pytest.raises(DomainCooling):
        verify(theirs)
    assert owner() is None


def test_dom_5_the_former_tenant_takes_it_back_at_once(
    world: World, acme, globex, owned
) -> None:
    first = owned(acme)
    remove(first)
    again = claim(acme)
    assert again.verification_token != first.verification_token
    assert not verify(again).is_found, "the old record proves nothing"
    with pytest.raises(DomainCooling):
        claim(globex)
    world.prove(again)
    assert verify(again).is_found
    assert owner() == "acme"
    with pytest.raises(DomainTaken):
        claim(globex)


def test_dom_5_taking_it_up_again_neither_ends_nor_renews_the_cool_down(
    world: World, acme, globex, owned
) -> None:
    remove(owned(acme))
    for day in range(1, 30):
        clock.advance(DAY)
        claim(acme)
        if day % 8 == 0:
            domains.tidy()
        with pytest.raises(DomainCooling):
            claim(globex)
    clock.advance(DAY)
    assert claim(globex)
    claim(acme)


def test_dom_5_an_operator_frees_a_name_now(world: World, acme, globex, owned) -> None:
    domain = owned(acme)
    remove(domain)
    assert remove(domain, now_free=True) is None
    assert rows() == 0
    other = owned(globex)
    assert remove(other, now_free=True) is None
    assert owner() is None
    owned(acme)
    assert owner() == "acme"


def test_the_end_of_a_tenant_gives_up_all_its_names(
    world: World, acme, globex, primary
) -> None:
    primary(acme)
    claim(acme, "desk.test")
    assert domains.release_all(row_of(acme), by="tests") == 2
    assert domains.release_all(row_of(acme), by="tests") == 0
    with pytest.raises(DomainCooling):
        claim(globex)
    assert claim(globex, "desk.test")
    assert hosts.resolve("acme.localhost").primary_domain == "acme.localhost"


def test_every_change_of_a_name_stands_in_the_book(world: World, acme, primary) -> None:
    remove(primary(acme))
    assert actions() == [
        "domain.claimed",
        "domain.primary",
        "domain.removed",
        "domain.verified",
    ]
    with use_control():
        assert set(
            OperatorEvent.objects.filter(args__domain=SHOP).values_list(
                "actor", "tenant"
            )
        ) == {("tests", acme.uuid)}
