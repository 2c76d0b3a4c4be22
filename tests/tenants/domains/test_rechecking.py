"""DOM-4: verified names are looked at daily, and lapse after 72 hours of failures."""

from datetime import timedelta

import pytest

from accounts.models import MailMessage, User
from kernel import clock
from tenants import directory, domains, hosts, states
from tenants.context import use, use_control
from tenants.domains import (
    Outcome,
    Stage,
    rechecking,
    record_name,
    resolvers,
    stage,
)
from tenants.errors import DomainCooling
from tenants.models import Domain, OperatorEvent
from tenants.scheduling import upkeep
from tests.tenants.domains import dns_server
from tests.tenants.domains.conftest import SHOP, World, claim, fresh, row_of, verify

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LATE = timedelta(hours=26, minutes=1)


@pytest.fixture(autouse=True)
def _frozen(db):
    with clock.frozen():
        yield


@pytest.fixture(autouse=True)
def _owners(acme, globex) -> None:
    """Let the owners in, who have chosen no password yet."""
    for tenant in (acme, globex):
        with use(tenant):
            User.objects.filter(role="owner").update(is_active=True)


def looks(by: timedelta = LATE) -> list[Outcome]:
    clock.advance(by)
    return [one.outcome for one in domains.recheck_due()]


def mails(tenant) -> list[MailMessage]:
    with use(tenant):
        return list(MailMessage.objects.filter(template="tenants/domain_lapsed"))


def lapsed(world: World, domain: Domain) -> Domain:
    world.clear(record_name(SHOP))
    for _ in range(6):
        looks()
        domain = fresh(domain)
        if stage(domain) is Stage.LAPSED:
            return domain
    raise AssertionError("it did not lapse")


def test_dom_4_a_name_is_looked_at_once_a_day_with_jitter(
    world: World, acme, owned
) -> None:
    dues = [
        fresh(owned(acme, f"shop{n}.test")).check_due - clock.now() for n in range(12)
    ]
    assert len(set(dues)) > 1
    assert all(22 * HOUR <= due <= 26 * HOUR for due in dues)
    assert looks(21 * HOUR) == []
    assert looks(6 * HOUR) == [Outcome.FOUND] * 12
    assert looks(0 * HOUR) == []


def test_a_claim_is_not_looked_at(world: World, acme) -> None:
    world.prove(claim(acme))
    assert looks() == []
    assert hosts.resolve(SHOP) is None


def test_dom_4_a_name_that_comes_back_is_as_one_that_never_failed(
    world: World, acme, owned
) -> None:
    domain = owned(acme)
    world.clear(record_name(SHOP))
    assert looks() == [Outcome.MISSING]
    assert looks() == [Outcome.MISSING]
    failing = fresh(domain)
    assert (failing.failed_checks, stage(failing)) == (2, Stage.VERIFIED)
    assert hosts.resolve(SHOP).slug == "acme"
    world.prove(domain)
    assert looks() == [Outcome.FOUND]
    well = fresh(domain)
    assert (well.failed_checks, well.failing_since) == (0, None)
    assert well.verified_at == domain.verified_at


def test_dom_4_three_failures_in_less_than_72_hours_are_not_enough(
    world: World, acme, owned
) -> None:
    domain = owned(acme)
    world.clear(record_name(SHOP))
    for _ in range(3):
        clock.advance(LATE)
        with use_control():
            Domain.objects.filter(pk=domain.pk).update(check_due=clock.now())
        domains.recheck_due()
    seen = fresh(domain)
    assert seen.failed_checks == 3
    assert clock.now() - seen.failing_since < 72 * HOUR
    assert stage(seen) is Stage.VERIFIED
    assert seen.check_due <= seen.failing_since + 72 * HOUR, "it is asked again in time"
    clock.advance(seen.failing_since + 72 * HOUR - clock.now())
    domains.recheck_due()
    assert stage(fresh(domain)) is Stage.LAPSED


def test_dom_4_72_hours_with_two_failures_are_not_enough(
    world: World, acme, owned
) -> None:
    domain = owned(acme)
    world.clear(record_name(SHOP))
    looks()
    looks(10 * DAY)
    assert stage(fresh(domain)) is Stage.VERIFIED
    looks()
    assert stage(fresh(domain)) is Stage.LAPSED


def test_dom_4_a_lapsed_name_leads_nowhere_and_the_platforms_is_primary(
    world: World, acme, primary, visitor
) -> None:
    domain = lapsed(world, primary(acme))
    directory.empty()
    assert hosts.resolve(SHOP) is None
    assert visitor(SHOP).get("/").status_code == 404
    site = hosts.resolve("acme.localhost")
    assert site.primary_domain == "acme.localhost"
    assert not domain.is_primary
    with use_control():
        found = OperatorEvent.objects.filter(actor="recheck")
        assert sorted((one.action, one.args["domain"]) for one in found) == [
            *[("domain.failing", SHOP)] * domain.failed_checks,
            ("domain.lapsed", SHOP),
            ("domain.primary", "acme.localhost"),
        ]


def test_dom_4_the_owners_are_told_once(world: World, acme, globex, primary) -> None:
    lapsed(world, primary(acme))
    (mail,) = mails(acme)
    assert mail.to == ["owner@acme.test"]
    assert mail.context["domain"] == SHOP
    assert mail.context["url"] == "http://acme.localhost:8000/"
    assert mails(globex) == []
    assert looks() == []
    assert len(mails(acme)) == 1


def test_dom_4_a_process_that_dies_before_the_mail_is_followed(
    world: World, acme, primary, monkeypatch
) -> None:
    domain = primary(acme)

    def dies(_row: Domain) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(rechecking, "tell", dies)
        with pytest.raises(SystemExit):
            lapsed(world, domain)
    assert stage(fresh(domain)) is Stage.LAPSED
    assert mails(acme) == []
    assert looks() == []
    assert len(mails(acme)) == 1


def test_the_owners_of_a_stopped_tenant_are_told_when_it_works_again(
    world: World, acme, primary
) -> None:
    domain = primary(acme)
    world.clear(record_name(SHOP))
    for _ in range(3):
        looks()
    states.change_state(row_of(acme), states.State.SUSPENDED, reason="x", by="tests")
    looks()
    assert stage(fresh(domain)) is Stage.LAPSED
    states.change_state(row_of(acme), states.State.ACTIVE, reason="x", by="tests")
    looks()
    assert len(mails(acme)) == 1


def test_dom_5_the_drill_a_lapses_b_tries_and_a_returns(
    world: World, acme, globex, primary
) -> None:
    domain = lapsed(world, primary(acme))
    with pytest.raises(DomainCooling):
        claim(globex)
    assert claim(acme).pk == domain.pk
    assert not verify(domain).is_found
    world.prove(domain)
    assert verify(domain).is_found
    back = fresh(domain)
    assert (stage(back), back.lapsed_at, back.failed_checks) == (
        Stage.VERIFIED,
        None,
        0,
    )
    assert hosts.resolve(SHOP).slug == "acme"
    assert not back.is_primary, "that is for the owner to say"
    assert looks() == [Outcome.FOUND]


def test_dom_5_the_drill_a_lapses_and_b_has_the_name_after_30_days(
    world: World, acme, globex, primary
) -> None:
    domain = lapsed(world, primary(acme))
    clock.advance(domain.lapsed_at + 30 * DAY - clock.now() - timedelta(seconds=1))
    assert domains.tidy() == 0
    with pytest.raises(DomainCooling):
        claim(globex)
    clock.advance(timedelta(seconds=2))
    theirs = claim(globex)
    world.prove(theirs)
    assert verify(theirs).is_found
    assert domains.tidy() == 1
    assert hosts.resolve(SHOP).slug == "globex"


def test_removing_a_lapsed_name_does_not_begin_its_cool_down_anew(
    world: World, acme, primary
) -> None:
    domain = lapsed(world, primary(acme))
    ends = domain.lapsed_at + 30 * DAY
    clock.advance(10 * DAY)
    assert domains.remove(domain, by="tests") == ends


def test_resolvers_that_are_away_cost_nobody_a_name(
    world: World, acme, owned, monkeypatch
) -> None:
    domain = owned(acme)
    monkeypatch.setattr(resolvers, "PER_QUESTION", 0.02)  # nobody will answer
    world.fault("*", dns_server.SILENT)
    for _ in range(5):
        assert looks() == [Outcome.UNREACHABLE]
    seen = fresh(domain)
    assert (seen.failed_checks, stage(seen)) == (0, Stage.VERIFIED)
    assert seen.check_due == clock.now() + HOUR


def test_a_zone_that_is_gone_lapses(world: World, acme, owned) -> None:
    domain = owned(acme)
    world.fault("*", dns_server.SERVFAIL)
    for _ in range(4):
        looks()
    assert stage(fresh(domain)) is Stage.LAPSED


def test_a_name_that_fails_to_be_looked_at_stops_no_other(
    world: World, acme, owned, monkeypatch
) -> None:
    owned(acme, "aaa.test")
    owned(acme, "bbb.test")
    real = rechecking.rechecked

    def fails(row: Domain):
        if row.domain == "aaa.test":
            raise ValueError("broken")
        return real(row)

    monkeypatch.setattr(rechecking, "rechecked", fails)
    assert looks() == [Outcome.FOUND]


def test_a_name_that_is_removed_while_the_dns_is_asked_stays_removed(
    world: World, acme, owned, monkeypatch
) -> None:
    domain = owned(acme)
    real = rechecking.checking.check

    def removed(name: str, token: str):
        domains.remove(domain, by="tests")
        return real(name, token)

    monkeypatch.setattr(rechecking.checking, "check", removed)
    assert looks() == []
    assert stage(fresh(domain)) is Stage.RELEASED


def test_a_name_that_was_verified_by_hand_is_left_alone(world: World, acme) -> None:
    with use_control():
        Domain.objects.create(
            domain=SHOP,
            tenant=row_of(acme),
            kind="custom",
            is_primary=False,
            verified_at=clock.now(),
        )
    assert looks() == []
    assert domains.tidy() == 0
    assert claim(acme).verification_token


def test_dom_4_the_upkeep_looks_at_names_and_lets_go_of_old_claims(
    world: World, acme, owned, settings
) -> None:
    settings.TENANTRY_DISPATCH = "cron"
    domain = owned(acme)
    claim(acme, "claimed.test")
    waiting = set(upkeep.DUTIES) - {"domains"}
    assert "domains" in upkeep.do_due(waiting)
    clock.advance(8 * DAY)
    world.clear(record_name(SHOP))
    assert "domains" in upkeep.do_due(waiting)
    assert fresh(domain).failed_checks == 1
    assert "domains" not in upkeep.do_due(waiting), "it is done every five minutes"
    with use_control():
        assert not Domain.objects.filter(domain="claimed.test").exists()
