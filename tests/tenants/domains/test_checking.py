"""DOM-1 and DOM-2: what two resolvers say, with lies, splits, silence and chains."""

import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from tenants import domains
from tenants.checks import resolvers as resolvers_check
from tenants.domains import Outcome, record_name, record_value, resolvers
from tenants.domains.records import new_token
from tests.tenants.domains import dns_server
from tests.tenants.domains.conftest import EDGE, EDGE_ADDRESS, SHOP, World, claim

TOKEN = "0123456789abcdef0123456789abcdef"
NAME = record_name(SHOP)
OURS = f'"{record_value(TOKEN)}"'


def check(name: str = SHOP) -> domains.Checked:
    return domains.check(name, TOKEN)


def test_dom_1_a_token_has_128_bits_and_its_record_the_form_of_the_manual() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(bytes.fromhex(token)) == 16 for token in tokens)
    assert record_name(SHOP) == "_tenantry.shop.test"
    assert record_value("ab") == "tenantry-verify=ab"


def test_dom_2_the_record_is_found_where_both_resolvers_have_it(world: World) -> None:
    world.set(NAME, "TXT", OURS)
    assert check().outcome is Outcome.FOUND
    for server in (world.one, world.two):
        assert (NAME, "TXT", "udp") in server.asked


@pytest.mark.parametrize(
    "values",
    [
        ['"v=spf1 -all"', OURS],
        [f'"tenantry-verify=" "{TOKEN}"'],
        [OURS, '"tenantry-verify=ffff"'],
    ],
    ids=["among others", "in two strings", "beside an old one"],
)
def test_dom_2_the_record_may_stand_among_others(world: World, values) -> None:
    world.set(NAME, "TXT", *values)
    assert check().is_found


@pytest.mark.parametrize(
    "values",
    [
        [],
        ['"v=spf1 -all"'],
        [f'"{TOKEN}"'],
        ['"tenantry-verify="'],
        [f'"tenantry-verify={TOKEN[:-1]}"'],
        [f'"tenantry-verify={TOKEN}0"'],
        [f'" tenantry-verify={TOKEN}"'],
        [f'"TENANTRY-VERIFY={TOKEN}"'],
        [f'"tenantry-verify" "{TOKEN}"'],
        [r'"tenantry-verify=\255\000"'],
    ],
    ids=lambda value: f"{len(value)} {value[-1:]}".replace("\\", ""),
)
def test_dom_2_any_other_text_is_a_missing_record(world: World, values) -> None:
    world.set(SHOP, "TXT", OURS)  # at the name itself, which is not the place
    if values:
        world.set(NAME, "TXT", *values)
    assert check().outcome is Outcome.MISSING


def test_dom_2_a_resolver_that_lies_alone_changes_nothing(world: World) -> None:
    world.one.set(NAME, "TXT", OURS)
    assert check().outcome is Outcome.DIFFERING
    world.two.set(NAME, "TXT", '"tenantry-verify=another"')
    assert check().outcome is Outcome.DIFFERING
    world.two.set(NAME, "TXT", OURS, '"tenantry-verify=another"')
    assert check().outcome is Outcome.DIFFERING
    world.two.set(NAME, "TXT", OURS)
    assert check().is_found


@pytest.mark.parametrize(
    "how", [dns_server.SILENT, dns_server.REFUSED, "closed", "garbage"]
)
def test_dom_2_one_resolver_alone_proves_nothing(world: World, settings, how) -> None:
    world.set(NAME, "TXT", OURS)
    if how == "closed":
        settings.TENANTRY_RESOLVERS = [world.one.address, dns_server.closed_port()]
    else:
        world.two.fault("*", how)
    assert check().outcome is Outcome.UNREACHABLE
    world.one.clear(NAME)
    assert check().outcome is Outcome.MISSING, "who answers is believed that it is gone"


def test_dom_2_a_zone_that_is_broken_is_a_missing_record(world: World) -> None:
    world.fault(NAME, dns_server.SERVFAIL)
    assert check().outcome is Outcome.MISSING


def test_dom_2_time_outs_are_bounded_and_say_nothing_of_the_name(
    world: World, monkeypatch
) -> None:
    monkeypatch.setattr(resolvers, "PER_QUESTION", 0.1)
    world.fault("*", dns_server.SILENT)
    begun = time.monotonic()
    checked = check()
    assert (checked.outcome, checked.leads_here) == (Outcome.UNREACHABLE, None)
    assert time.monotonic() - begun < 2


def test_a_check_has_a_budget_beyond_which_nothing_is_asked() -> None:
    now = [0.0]
    budget = resolvers.Budget(5.0, timer=lambda: now[0])
    assert budget.for_question() == resolvers.PER_QUESTION
    now[0] = 4.5
    assert budget.for_question() == pytest.approx(0.5)
    now[0] = 5.0
    assert resolvers.ask(("127.0.0.1", 9), SHOP, "A", budget) == resolvers.SILENCE


def test_dom_2_an_answer_too_long_for_udp_is_asked_for_again(world: World) -> None:
    world.set(NAME, "TXT", OURS, *(f'"{"x" * 200}{n}"' for n in range(40)))
    world.one.truncated = world.two.truncated = True
    assert check().is_found
    assert (NAME, "TXT", "tcp") in world.one.asked


def test_dom_2_the_record_may_be_an_alias_in_another_zone(world: World) -> None:
    world.set(NAME, "CNAME", "hop.test")
    world.set("hop.test", "CNAME", "end.test")
    world.set("end.test", "TXT", OURS)
    assert check().is_found


def test_a_chain_of_aliases_that_goes_round_is_a_missing_record(world: World) -> None:
    world.set(NAME, "CNAME", "hop.test")
    world.set("hop.test", "CNAME", NAME)
    assert check().outcome in {Outcome.MISSING, Outcome.UNREACHABLE}
    assert not check().is_found


@pytest.mark.parametrize(
    ("records", "leads"),
    [
        ([("CNAME", EDGE)], True),
        ([("A", EDGE_ADDRESS)], True),
        ([("A", "192.0.2.99")], False),
        ([("A", EDGE_ADDRESS), ("AAAA", "2001:db8::99")], False),
        ([("A", EDGE_ADDRESS), ("AAAA", "2001:0db8:0:0::10")], True),
        ([], False),
    ],
    ids=["alias", "address", "elsewhere", "partly", "both kinds", "nowhere"],
)
def test_dom_2_it_is_told_whether_the_name_leads_to_the_platform(
    world: World, records, leads
) -> None:
    world.set(EDGE, "AAAA", "2001:db8::10")
    world.set(NAME, "TXT", OURS)
    for kind, value in records:
        world.set(SHOP, kind, value)
    checked = check()
    assert (checked.is_found, checked.leads_here) == (True, leads)


def test_dom_2_a_chain_of_aliases_leads_to_the_platform(world: World) -> None:
    world.set(SHOP, "CNAME", "cdn.shop.test")
    world.set("cdn.shop.test", "CNAME", EDGE)
    assert check().leads_here is True
    world.set("cdn.shop.test", "CNAME", "elsewhere.test")
    world.set("elsewhere.test", "A", "192.0.2.99")
    assert check().leads_here is False


def test_an_edge_of_addresses_is_compared_with_them(world: World, settings) -> None:
    settings.TENANTRY_EDGE = ["192.0.2.77", "[2001:db8::77]"]
    world.set(SHOP, "A", "192.0.2.77")
    world.set(SHOP, "AAAA", "2001:db8::77")
    assert check().leads_here is True


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_a_resolver_is_an_address_and_perhaps_a_port(text: str, parsed) -> None:
    assert resolvers.parsed(text) == parsed


@pytest.mark.parametrize(
    "given",
    [
        ["192.0.2.1"],
        ["192.0.2.1", "192.0.2.1:53"],
        ["dns.test", "192.0.2.1"],
        ["x:y", "z"],
    ],
)
def test_resolvers_that_are_no_two_addresses_are_told_at_start_up(
    settings, given
) -> None:
    settings.TENANTRY_RESOLVERS = given
    with pytest.raises(ImproperlyConfigured, match="TENANTRY_RESOLVERS"):
        resolvers.addresses()
    assert [one.id for one in resolvers_check(None)] == ["tenants.E007"]


def test_by_default_two_resolvers_of_different_hands_are_asked(settings) -> None:
    settings.TENANTRY_RESOLVERS = []
    found = resolvers.addresses()
    assert len(set(found)) == 2
    assert found[1][0] in resolvers.PUBLIC
    assert resolvers_check(None) == []


@pytest.mark.django_db(transaction=True)
def test_dom_2_no_transaction_is_open_while_the_dns_is_asked(
    world: World, acme
) -> None:
    domain = claim(acme)
    open_at = []
    ours = connections["default"]  # the server looks at it from another thread
    world.one.on_question = lambda: open_at.append(ours.in_atomic_block)
    world.prove(domain)
    assert domains.verify(domain, by="tests").is_found
    assert open_at
    assert not any(open_at)
