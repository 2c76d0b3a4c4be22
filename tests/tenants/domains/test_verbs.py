"""`manage.py tenant domain`: what an operator sees, the JSON, and each exit code."""

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kernel import clock
from tenants import domains, hosts
from tenants.context import current_or_none, use_control
from tenants.domains import Stage, rechecking, record_name
from tenants.domains.names import check_name
from tenants.models import Domain, OperatorEvent
from tests.tenants.domains import dns_server
from tests.tenants.domains.conftest import EDGE, SHOP, World, claim, fresh
from tests.tenants.worker import ROOT

FACTS = {
    "domain",
    "tenant",
    "state",
    "primary",
    "verified_at",
    "record",
    "leads_to",
    "claim_ends",
}


@pytest.fixture(autouse=True)
def _world(world: World) -> None:
    """Have resolvers that a verb may ask."""


def run(*words: str) -> tuple[str, str]:
    """Return what a verb prints, and says beside."""
    out, err = io.StringIO(), io.StringIO()
    call_command("tenant", "domain", *words, stdout=out, stderr=err)
    assert current_or_none() is None
    return out.getvalue(), err.getvalue()


def shown(*words: str) -> str:
    return run(*words)[0]


def read(*words: str) -> Any:
    return json.loads(shown(*words, "--json"))


def fails(*words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert current_or_none() is None
    return caught.value.returncode, str(caught.value)


def row(name: str = SHOP) -> Domain:
    with use_control():
        return Domain.objects.select_related("tenant").get(domain=name)


@use_control()
def changes() -> int:
    return OperatorEvent.objects.filter(action__startswith="domain.").count()


# add


def test_add_says_the_record_to_set(acme) -> None:
    lines = shown("add", "acme", "Shop.Test.").splitlines()
    token = row().verification_token
    assert lines == [
        "shop.test of acme is claimed.",
        "",
        "Put this record into its DNS:",
        "",
        "  type   TXT",
        "  name   _tenantry.shop.test",
        f"  value  tenantry-verify={token}",
        "",
        f"and let shop.test lead to {EDGE}.",
        "Then: manage.py tenant domain verify shop.test",
    ]
    again = read("add", "acme.localhost", SHOP)
    assert set(again) == FACTS | {"dry_run"}
    assert again["record"] == {
        "type": "TXT",
        "name": "_tenantry.shop.test",
        "value": f"tenantry-verify={token}",
    }


def test_cmd_3_a_claim_that_is_only_tried_is_none(acme) -> None:
    lines = shown("add", "acme", SHOP, "--dry-run").splitlines()
    assert lines == [
        "shop.test would be claimed for acme.",
        "Nothing was changed: --dry-run.",
    ]
    facts = read("add", "acme", SHOP, "--dry-run")
    assert (facts["record"], facts["dry_run"]) == (None, True)
    assert fails("add", "acme", "co.uk", "--dry-run")[0] == 2
    assert changes() == 0
    with use_control():
        assert not Domain.objects.filter(domain=SHOP).exists()


def test_the_names_in_the_manual_can_be_added() -> None:
    text = ROOT.joinpath("docs", "operations.md").read_text("utf-8")
    found = re.findall(r"tenant domain add \S+ (\S+)", text)
    assert found
    assert list(map(check_name, found)) == found


def test_add_writes_who_did_it(acme) -> None:
    run("add", "acme", SHOP, "--actor", "operator")
    with use_control():
        event = OperatorEvent.objects.get(action="domain.claimed")
    assert (event.actor, event.tenant) == ("operator", acme.uuid)


@pytest.mark.parametrize(
    "name",
    ["*.shop.test", "acme.localhost", "co.uk", "shop", "192.0.2.1", "", "x\x00.test"],
)
def test_add_refuses_a_bad_name_with_2(acme, name: str) -> None:
    assert fails("add", "acme", name)[0] == 2
    assert changes() == 0


def test_add_to_an_unknown_tenant_is_3_and_a_taken_name_4(acme, globex, owned) -> None:
    assert fails("add", "nobody", SHOP)[0] == 3
    owned(acme)
    code, line = fails("add", "globex", SHOP)
    assert (code, line) == (4, "shop.test leads to another workspace.")
    domains.remove(row(), by="tests")
    code, line = fails("add", "globex", SHOP)
    assert code == 4
    assert "it is free on" in line


# verify


def test_verify_says_found_and_warns_where_the_name_leads_elsewhere(
    world, acme
) -> None:
    world.prove(claim(acme))
    out, err = run("verify", SHOP)
    assert out == "shop.test of acme: found by both resolvers\n"
    assert f"Warning: shop.test does not lead to {EDGE}" in err
    world.set(SHOP, "CNAME", EDGE)
    out, err = run("verify", SHOP)
    assert "Warning" not in err
    (facts,) = read("verify", SHOP)
    assert set(facts) == FACTS | {"outcome", "leads_here", "dry_run"}
    assert (facts["state"], facts["outcome"], facts["leads_here"]) == (
        "verified",
        "found",
        True,
    )


@pytest.mark.parametrize(
    ("how", "word"),
    [("missing", "missing"), ("split", "differing"), ("silent", "unreachable")],
)
def test_verify_that_fails_is_6_and_says_what_is_wrong(world, acme, how, word) -> None:
    domain = claim(acme)
    if how == "split":
        world.prove(domain)
        world.two.clear(record_name(SHOP))
    if how == "silent":
        world.fault("*", dns_server.SILENT)
    out = io.StringIO()
    with pytest.raises(CommandError, match="not verified") as caught:
        call_command(
            "tenant", "domain", "verify", SHOP, stdout=out, stderr=io.StringIO()
        )
    assert caught.value.returncode == 6
    assert out.getvalue().startswith(f"shop.test of acme: {word}")
    assert domain.verification_token in out.getvalue()


def test_verify_finds_whose_of_several_claims_it_is(world, acme, globex) -> None:
    claim(acme)
    world.prove(claim(globex))
    run("verify", SHOP)
    assert hosts.resolve(SHOP).slug == "globex"
    assert fails("verify", SHOP, "--tenant", "acme")[0] == 6
    with use_control():
        world.prove(Domain.objects.get(domain=SHOP, tenant__slug="acme"))
    assert fails("verify", SHOP, "--tenant", "acme")[0] == 4


def test_verify_of_an_unknown_name_is_3_and_of_none_2(acme) -> None:
    assert fails("verify", "unknown.test")[0] == 3
    assert fails("verify", "acme.localhost")[0] == 3
    assert fails("verify", "*.test")[0] == 2
    assert fails("verify")[0] == 2
    assert fails("verify", SHOP, "--all-due")[0] == 2
    claim(acme)
    assert fails("verify", SHOP, "--tenant", "nobody")[0] == 3


def test_verify_all_due_looks_at_what_is_due(world, acme, globex, owned) -> None:
    with clock.frozen():
        owned(acme)
        owned(globex, "desk.test")
        assert read("verify", "--all-due") == []
        clock.advance(timedelta(hours=27))
        assert sorted(one["domain"] for one in read("verify", "--all-due")) == [
            "desk.test",
            SHOP,
        ]
        world.clear(record_name(SHOP))
        clock.advance(timedelta(hours=27))
        code, line = fails("verify", "--all-due")
        assert (code, line) == (6, "1 of 2 failed: shop.test")
        clock.advance(timedelta(hours=27))
        world.prove(row())
        head, *lines = sorted(shown("verify", "--all-due").splitlines())
        assert head.split() == ["DOMAIN", "TENANT", "OUTCOME", "STATE"]
        assert [line.split() for line in lines] == [
            ["desk.test", "globex", "found", "verified"],
            [SHOP, "acme", "found", "verified"],
        ]


def test_cmd_3_a_check_that_is_only_tried_writes_nothing(world, acme, owned) -> None:
    claimed = claim(acme)
    assert fails("verify", SHOP, "--dry-run")[0] == 6
    assert fresh(claimed).last_checked_at is None
    world.prove(claimed)
    before = changes()
    lines = shown("verify", SHOP, "--dry-run").splitlines()
    assert lines == [
        "shop.test of acme: found by both resolvers",
        "Nothing was changed: --dry-run.",
    ]
    (facts,) = read("verify", SHOP, "--dry-run")
    assert (facts["state"], facts["outcome"]) == ("claimed", "found")
    owned(acme, "desk.test")
    with clock.frozen(clock.now() + timedelta(hours=27)):
        due = [{"domain": "desk.test", "tenant": "acme", "outcome": None}]
        for _twice in range(2):
            found = read("verify", "--all-due", "--dry-run")
            assert found == [{**due[0], "state": "verified"}]
    assert fresh(claimed).verified_at is None
    assert changes() == before + 2, "the second name alone"


def test_verify_all_due_goes_on_after_a_round_that_only_mailed(
    world, acme, owned, monkeypatch
) -> None:
    """Names that lapsed wait, due, for the mail that tells of it."""
    due = rechecking.recheck_round
    monkeypatch.setattr(rechecking, "recheck_round", lambda: due(limit=1))
    with clock.frozen():
        lapsed, well = owned(acme), owned(acme, "desk.test")
        with use_control():
            Domain.objects.filter(pk=lapsed.pk).update(
                verified_at=None, lapsed_at=clock.now(), check_due=clock.now()
            )
            Domain.objects.filter(pk=well.pk).update(
                check_due=clock.now() + timedelta(seconds=1)
            )
        clock.advance(timedelta(minutes=1))
        assert [one["domain"] for one in read("verify", "--all-due")] == ["desk.test"]


def test_show_lists_the_names_that_lead_to_the_tenant_and_no_claim(acme, owned) -> None:
    owned(acme)
    claim(acme, "claimed.test")
    out = io.StringIO()
    call_command("tenant", "show", SHOP, "--json", stdout=out)
    assert json.loads(out.getvalue())["domains"] == ["acme.localhost", SHOP]


# primary


def test_a_former_address_cannot_be_made_primary(acme) -> None:
    call_command("tenant", "rename", "acme", "acme-new", stdout=io.StringIO())
    code, line = fails("primary", "acme.localhost")
    assert (code, line) == (
        4,
        "This is a former address; for a while it leads to the present one.",
    )
    assert not row("acme.localhost").is_primary
    assert row("acme-new.localhost").is_primary


def test_primary_shows_the_redirects_that_change(acme, owned) -> None:
    owned(acme)
    owned(acme, "desk.test")
    lines = shown("primary", SHOP, "--dry-run").splitlines()
    assert lines[0] == "shop.test: the primary domain of acme"
    assert [line.split() for line in lines[2:4]] == [
        ["acme.localhost", "acme.localhost", SHOP],
        ["desk.test", "acme.localhost", SHOP],
    ]
    assert lines[-1] == "Nothing was changed: --dry-run."
    assert not row().is_primary
    facts = read("primary", SHOP)
    assert set(facts) == FACTS | {"redirects", "dry_run"}
    assert facts["redirects"] == [
        {"domain": "acme.localhost", "before": None, "after": SHOP},
        {"domain": "desk.test", "before": "acme.localhost", "after": SHOP},
    ]
    assert row().is_primary
    # The platform's own name needs no proof.
    assert read("primary", "acme.localhost")["record"] is None
    assert not row().is_primary


def test_primary_of_a_claim_is_4_and_of_nothing_3(acme) -> None:
    claim(acme)
    assert fails("primary", SHOP) == (
        4,
        "Only a verified domain can be the primary one.",
    )
    assert fails("primary", "unknown.test")[0] == 3
    assert fails("primary", "http://shop.test/")[0] == 2


# remove


def test_remove_says_when_the_name_is_free_again(acme, globex, primary) -> None:
    with clock.frozen():
        primary(acme)
        free_at = f"{clock.now() + timedelta(days=30):%Y-%m-%d %H:%M} UTC"
        line = f"shop.test no longer leads to acme; free again: {free_at}."
        before = changes()
        said = shown("remove", SHOP, "--dry-run").splitlines()
        assert said == [line, "Nothing was changed: --dry-run."]
        assert changes() == before
        assert hosts.resolve(SHOP).slug == "acme"
        assert shown("remove", SHOP) == f"{line}\n"
        assert hosts.resolve(SHOP) is None
        assert fails("remove", SHOP)[0] == 3
        assert read("remove", SHOP, "--release-now") == {
            "domain": SHOP,
            "tenant": "acme",
            "free_at": None,
            "dry_run": False,
        }
        claim(globex)


def test_remove_of_several_claims_asks_whose(acme, globex) -> None:
    mine = claim(acme)
    theirs = claim(globex)
    code, line = fails("remove", SHOP)
    assert (code, line) == (2, "Several tenants have it; say --tenant: acme, globex")
    assert "free again: now" in shown("remove", SHOP, "--tenant", "globex")
    assert (fresh(theirs), domains.stage(fresh(mine))) == (None, Stage.CLAIMED)


def test_remove_of_the_platforms_name_is_4_and_of_nothing_3(acme) -> None:
    assert fails("remove", "acme.localhost")[0] == 4
    assert fails("remove", "acme.localhost", "--release-now")[0] == 4
    assert fails("remove", "unknown.test")[0] == 3
    assert fails("remove", "")[0] == 2


@pytest.mark.parametrize("words", [[], ["move"], ["add"], ["add", "acme"], ["primary"]])
def test_other_words_are_wrong_usage(words) -> None:
    with pytest.raises(CommandError, match="Error"):
        call_command("tenant", "domain", *words)
