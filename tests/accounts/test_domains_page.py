"""The page and the API of the workspace's own domains: for owners, with a proof."""

import html
import re

import pytest

from accounts import limits
from accounts.models import SecurityEvent
from kernel import clock
from tenants import domains, hosts
from tenants.context import use, use_control
from tenants.life import renaming
from tenants.models import Domain, OperatorEvent, Tenant
from tests import twins
from tests.tenants.domains.conftest import (  # noqa: F401 - fixtures
    SHOP,
    _servers,
    claim,
    owned,
    world,
)

pytestmark = pytest.mark.usefixtures("at_ten")
PATH = "/accounts/domains"
API = "/api/accounts/domains"
AS_JSON = {"content_type": "application/json"}


@pytest.fixture(autouse=True)
def _world(world) -> None:  # noqa: F811 - a fixture
    """Have resolvers that may be asked."""


@use_control()
def row(name=SHOP, slug="acme"):
    return Domain.objects.filter(domain=name, tenant__slug=slug).first()


def text_of(answer) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def test_an_owner_adds_a_domain_and_sees_its_record(page, acme) -> None:
    answer = page.post(PATH, {"domain": " Shop.Test "})
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    shown = text_of(page.get(PATH))
    for words in (SHOP, "Not verified", "_tenantry.shop.test", "edge.platform.test"):
        assert words in shown
    assert f"tenantry-verify={row().verification_token}" in shown
    with use(acme):
        event = SecurityEvent.objects.get(name="domain.added")
    assert (event.via, event.details) == ("session", {"domain": SHOP})
    with use_control():
        assert OperatorEvent.objects.get(action="domain.claimed").actor.startswith(
            "owner:"
        )


def test_an_owner_checks_chooses_and_removes(page, acme, world) -> None:  # noqa: F811
    page.post(PATH, {"domain": SHOP})
    page.post(PATH, {"check": SHOP})
    assert "The record was not found." in text_of(page.get(PATH))
    world.prove(row())
    page.post(PATH, {"check": SHOP})
    shown = text_of(page.get(PATH))
    assert "shop.test is verified." in shown
    assert "does not lead to edge.platform.test yet" in shown
    moved = page.post(PATH, {"primary": SHOP})
    assert moved.status_code == 200, "a redirect of a form to another host is blocked"
    assert 'href="http://shop.test:8000/"' in moved.text
    assert hosts.resolve("acme.localhost").primary_domain == SHOP
    back = page.post(PATH, {"remove": SHOP})
    assert 'href="http://acme.localhost:8000/"' in back.text
    assert hosts.resolve(SHOP) is None
    assert SHOP not in page.get(PATH).text
    with use(acme):
        names = SecurityEvent.objects.filter(name__startswith="domain.")
        assert sorted(names.values_list("name", flat=True)) == [
            "domain.added",
            "domain.primary",
            "domain.removed",
            "domain.verified",
        ]


@pytest.mark.parametrize("who", ["admin", "bob"])
def test_nobody_but_owners_gets_in(browser_of, acme, owner, owned, who: str) -> None:  # noqa: F811
    owned(acme)
    client = browser_of(who)
    for words in ({}, {"domain": "desk.test"}, {"remove": SHOP}, {"primary": SHOP}):
        answer = client.post(PATH, words) if words else client.get(PATH)
        assert answer.status_code == 403
        assert SHOP not in answer.text
    assert PATH not in client.get("/accounts/profile").text
    assert row().verified_at
    assert row("desk.test") is None


def test_what_decides_where_people_sign_in_asks_for_a_proof(
    page,
    acme,
    owned,  # noqa: F811
) -> None:
    owned(acme)
    clock.advance(limits.HOUR)
    answer = page.post(PATH, {"domain": "desk.test"})
    assert answer.status_code == 422
    assert 'value="desk.test"' in answer.text
    for word in ("primary", "remove"):
        assert page.post(PATH, {word: SHOP}).status_code == 302
        assert not row().is_primary
        assert row().verified_at
    assert page.post(PATH, {"check": SHOP}).status_code == 302
    proof = {"current_password": twins.PASSWORD}
    assert page.post(PATH, {"domain": "desk.test", **proof}).status_code == 302
    assert page.post(PATH, {"primary": SHOP, **proof}).status_code == 200
    assert row().is_primary


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*.shop.test",
        "http://shop.test",
        "co.uk",
        "x" * 2000,
        "\x00",
        "globex.localhost",
    ],
)
def test_a_bad_name_is_refused_at_its_field(page, acme, typed: str) -> None:
    answer = page.post(PATH, {"domain": typed})
    assert answer.status_code == 422
    assert 'id="id_domain_error"' in answer.text
    with use_control():
        assert not Domain.objects.filter(kind="custom").exists()


@pytest.fixture
def theirs(globex, owned) -> Domain:  # noqa: F811
    """Return a name of globex."""
    return owned(globex)


@pytest.mark.parametrize("word", ["check", "primary", "remove"])
@pytest.mark.parametrize("name", [SHOP, "globex.localhost", "unknown.test", "", "\x00"])
def test_a_name_of_another_tenant_is_as_unknown_as_none(
    page, theirs, word: str, name: str
) -> None:
    answer = page.post(PATH, {word: name}, follow=True)
    assert answer.status_code == 200
    assert "There is no such domain." in text_of(answer)
    assert row(SHOP, "globex").verified_at
    assert not row(SHOP, "globex").is_primary


def test_the_name_of_another_tenant_cannot_be_added(page, acme, globex, owned) -> None:  # noqa: F811
    owned(globex)
    answer = page.post(PATH, {"domain": SHOP})
    assert answer.status_code == 422
    assert "leads to another workspace" in text_of(answer)
    assert row() is None


def test_the_platforms_name_is_kept_and_can_be_primary(page, acme, owned) -> None:  # noqa: F811
    domains.make_primary(owned(acme), by="tests")
    page.post(PATH, {"remove": "acme.localhost"})
    assert row("acme.localhost").verified_at
    page.post(PATH, {"primary": "acme.localhost"})
    assert row("acme.localhost").is_primary


def test_checks_and_claims_have_a_limit(page, acme, settings) -> None:
    settings.ACCOUNTS_LIMITS = {"domain.check": (2, 3600), "domain.add": (2, 3600)}
    page.post(PATH, {"domain": SHOP})
    for _ in range(3):
        page.post(PATH, {"check": SHOP})
    assert "Too many requests" in text_of(page.get(PATH))
    page.post(PATH, {"domain": "one.test"})
    assert "Too many requests" in text_of(page.post(PATH, {"domain": "two.test"}))
    assert row("two.test") is None


# The API


@pytest.fixture
def api(visitor, owner):
    return signed_in_program(visitor(), "carol")


def signed_in_program(client, name):
    words = {"username": name, "password": twins.PASSWORD}
    tokens = client.post(
        "/api/auth/mobile/sign-in", words, content_type="application/json"
    ).json()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {tokens['access']}"
    return client


def test_the_api_does_the_same(api, acme, world) -> None:  # noqa: F811
    added = api.post(API, {"domain": SHOP}, **AS_JSON)
    assert added.status_code == 201
    facts = added.json()
    assert (facts["state"], facts["recordName"]) == ("claimed", "_tenantry.shop.test")
    assert facts["leadsTo"] == "edge.platform.test"
    missing = api.post(f"{API}/{SHOP}/check").json()
    assert (missing["outcome"], missing["leadsHere"]) == ("missing", False)
    assert (
        api.post(f"{API}/{SHOP}/primary", {}, **AS_JSON).json()["code"]
        == "domain_unverified"
    )
    world.prove(row())
    assert api.post(f"{API}/{SHOP}/check").json()["details"]["state"] == "verified"
    assert api.post(f"{API}/{SHOP}/primary", {}, **AS_JSON).json()["isPrimary"] is True
    assert [one["domain"] for one in api.get(API).json()] == [SHOP, "acme.localhost"]
    assert api.delete(f"{API}/{SHOP}").status_code == 204
    assert [one["domain"] for one in api.get(API).json()] == ["acme.localhost"]
    assert api.delete(f"{API}/{SHOP}").json()["code"] == "domain_unknown"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("*.shop.test", 422, "domain_invalid"),
        (SHOP, 409, "domain_taken"),
        ("\ud800", 400, None),
        ("acme.localhost", 422, "domain_invalid"),
    ],
)
def test_the_api_refuses_in_clear_codes(api, theirs, name, status, code) -> None:
    answer = api.post(API, {"domain": name}, content_type="application/json")
    assert answer.status_code in {status, 422}
    assert code is None or answer.json()["code"] == code


def test_the_api_asks_for_owners_and_proofs(visitor, api, acme, owned) -> None:  # noqa: F811
    owned(acme)
    stranger = signed_in_program(visitor(), "admin")
    for answer in (
        stranger.get(API),
        stranger.post(f"{API}/{SHOP}/check"),
        stranger.post(f"{API}/{SHOP}/primary", {}, **AS_JSON),
        stranger.delete(f"{API}/{SHOP}"),
    ):
        assert answer.status_code == 403
    clock.advance(limits.MINUTE * 11)
    assert api.get(API).status_code == 200
    for answer in (
        api.post(f"{API}/{SHOP}/primary", {}, **AS_JSON),
        api.delete(f"{API}/{SHOP}"),
    ):
        assert answer.json()["code"] == "reauthentication_required"
    assert row().verified_at


def test_sgn_5_a_former_address_is_shown_and_never_primary(
    visitor, owner, acme
) -> None:
    old = "acme.localhost"
    with use_control():
        tenant = Tenant.objects.get(uuid=acme.uuid)
        renaming.rename(tenant, slug="acme-new", by="operator")
    page = visitor("acme-new.localhost")
    page.post("/accounts/sign-in", {"username": "carol", "password": twins.PASSWORD})
    shown = page.get(PATH)
    assert "A former address of this workspace" in text_of(shown)
    assert f'value="{old}"' not in shown.text
    page.post(PATH, {"primary": old})
    assert not row(old, "acme-new").is_primary
    api = signed_in_program(visitor("acme-new.localhost"), "carol")
    answer = api.post(f"{API}/{old}/primary", {}, **AS_JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "domain_former")
    listed = {one["domain"]: one["isFormer"] for one in api.get(API).json()}
    assert listed == {old: True, "acme-new.localhost": False}
    assert row("acme-new.localhost", "acme-new").is_primary
