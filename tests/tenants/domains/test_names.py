"""DOM-6: which names a customer may bring along."""

import pytest
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants import hosts
from tenants.domains import check_name, names
from tenants.errors import DomainInvalid

GOOD = {
    "shop.test": "shop.test",
    "Shop.Test": "shop.test",
    " shop.test. ": "shop.test",
    "www.shop.test": "www.shop.test",
    "a.b.c.shop.test": "a.b.c.shop.test",
    "shop.co.uk": "shop.co.uk",
    "acme.github.io": "acme.github.io",
    "bücher.test": "xn--bcher-kva.test",
    "xn--bcher-kva.test": "xn--bcher-kva.test",
    "例え.jp": "xn--r8jz45g.jp",
    # All of it Cyrillic, though it looks like another name: its DNS says whose it is.
    "аррӏе.test": "xn--80ak6aa92e.test",  # noqa: RUF001 - the point
    "localhost.shop.test": "localhost.shop.test",
    "notlocalhost.test": "notlocalhost.test",
}
BAD = {
    "": "no domain name",
    ".": "no domain name",
    "..": "no domain name",
    "shop": "two parts",
    "com": "two parts",
    "test": "two parts",
    "localhost": "two parts",
    "acme.localhost": "belongs to the platform",
    "newcomer.localhost": "belongs to the platform",
    "a.b.localhost": "belongs to the platform",
    "WWW.LOCALHOST.": "belongs to the platform",
    "edge.platform.test": "belongs to the platform",
    "eu.edge.platform.test": "belongs to the platform",
    "co.uk": "others register",
    "github.io": "others register",
    "kobe.jp": "others register",
    "anything.ck": "others register",
    "公司.cn": "others register",
    "printer.local": "reserved",
    "www.example.com": "reserved",
    "example.com": "reserved",
    "10.in-addr.arpa": "reserved",
    "hidden.onion": "reserved",
    "db.internal": "reserved",
    "127.0.0.1": "address",
    "192.0.2.1": "address",
    "[::1]": "address",
    "[2001:db8::1]": "address",
    "::1": "without http",
    "2130706433": "no domain name",
    "0x7f.1": "no domain name",
    "*.shop.test": "wildcard",
    "*": "wildcard",
    "shop.*.test": "wildcard",
    "https://shop.test/": "without http",
    "shop.test/path": "without http",
    "shop.test:443": "without http",
    "shop..test": "no domain name",
    "-shop.test": "no domain name",
    "shop_.test": "no domain name",
    "_tenantry.shop.test": "no domain name",
    "shop test.test": "no domain name",
    "shop.test\x00": "no domain name",
    "shop.test\nshop.com": "no domain name",
    "раypal.test": "no domain name",  # noqa: RUF001 - Cyrillic among Latin letters
    "ѕhop.test": "no domain name",  # noqa: RUF001 - as above
    "xn--pypal-4ve.test": "no domain name",
    "xn--zzzzzzzz.test": "no domain name",
    f"{'a' * 64}.test": "no domain name",
    ".".join(["a" * 50] * 4 + ["b" * 38, "co"]): "too long",
    "a." * 200 + "test": "no domain name",
    "user@shop.test": "no domain name",
}


@pytest.fixture(autouse=True)
def _edge(settings) -> None:
    settings.TENANTRY_EDGE = ["edge.platform.test", "192.0.2.10"]


@pytest.mark.parametrize("raw", GOOD)
def test_dom_6_a_customers_name_is_taken_in_its_one_spelling(raw: str) -> None:
    assert check_name(raw) == GOOD[raw]
    assert check_name(GOOD[raw]) == GOOD[raw]


@pytest.mark.parametrize("raw", BAD, ids=[f"bad{n}" for n in range(len(BAD))])
def test_dom_6_what_is_no_customers_name_is_refused_and_told_why(raw: str) -> None:
    with pytest.raises(DomainInvalid, match=BAD[raw]):
        check_name(raw)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_dom_6_any_text_is_a_canonical_name_or_refused(raw: str) -> None:
    try:
        name = check_name(raw)
    except DomainInvalid:
        return
    assert hosts.canonical_host(name) == name == check_name(name)
    assert "." in name
    assert len(name) <= names.LONGEST
    assert not hosts.is_public(name)


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@settings(deadline=None)
@given(
    st.lists(LABELS, max_size=4), st.sampled_from(["localhost", "edge.platform.test"])
)
def test_dom_6_nothing_below_a_name_of_the_platform_is_a_customers(
    labels: list[str], own: str
) -> None:
    with pytest.raises(DomainInvalid):
        check_name(".".join([*labels, own]))


@settings(deadline=None)
@given(st.lists(LABELS, max_size=3))
def test_dom_6_nothing_below_a_reserved_name_is_a_customers(labels: list[str]) -> None:
    for name in names.reserved():
        with pytest.raises(DomainInvalid):
            check_name(".".join([*labels, name]))


def test_the_reserved_names_are_canonical_and_in_order() -> None:
    assert all(hosts.canonical_host(name) == name for name in names.reserved())
    assert not names.reserved() & {"test", "example"}


def test_the_public_hosts_are_nobodys_even_outside_the_platform_domain(
    settings,
) -> None:
    settings.TENANTRY_PUBLIC_HOSTS = ["Tenantry.Example.ORG", "localhost"]
    with pytest.raises(DomainInvalid, match="platform"):
        check_name("tenantry.example.org")
    assert django_settings.TENANTRY_PLATFORM_DOMAIN == "localhost"
