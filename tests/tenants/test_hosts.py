"""Host names: one spelling, one look-up, and addresses built from the tenant alone."""

import re
from ipaddress import IPv6Address

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel import clock
from tenants import hosts
from tenants.context import CONTROL, use, use_control
from tenants.models import Domain, Tenant

#: Python spells an IPv4 address within IPv6 in one way or the other, and always so.
CANONICAL_MAPPED = f"[{IPv6Address('::ffff:1.2.3.4').compressed}]"
#: HST-1: what stands in a Host header, and the one spelling of it.
CASES = [
    ("acme.localhost", "acme.localhost"),
    ("acme.localhost:8000", "acme.localhost"),
    ("M0.test", "m0.test"),
    ("m0.test.", "m0.test"),
    ("m0.test.:80", "m0.test"),
    ("m0.test:", "m0.test"),
    ("www.m0.test", "www.m0.test"),
    ("localhost", "localhost"),
    ("[::1]", "[::1]"),
    ("[::1]:8000", "[::1]"),
    ("[2001:DB8:0:0::1]", "[2001:db8::1]"),
    ("[::ffff:1.2.3.4]:80", CANONICAL_MAPPED),
    ("127.0.0.1:8000", "127.0.0.1"),
    ("bücher.test", "xn--bcher-kva.test"),
    ("BÜCHER.test", "xn--bcher-kva.test"),
    ("xn--bcher-kva.test", "xn--bcher-kva.test"),
    ("日本ひカ.test", "xn--y9j3f261oncb.test"),
    ("\uff4d0.test", "m0.test"),
    ("m0。test", "m0.test"),
    ("m0\uff0etest", "m0.test"),
    ("m0\uff61test:80", "m0.test"),
    ("m0\u2024test", None),
    ("\uff4d0.\uff54\uff45\uff53\uff54", "m0.test"),
    ("fuß.test", "xn--fu-hia.test"),
    ("\u212a.test", "k.test"),
    ("XN--BCHER-KVA.test", "xn--bcher-kva.test"),
    ("ab--cd.test", "ab--cd.test"),
    ("a" * 63 + ".test", "a" * 63 + ".test"),
    ("", None),
    ("::1", None),
    ("[::1", None),
    ("[::1]8000", None),
    ("[::1]:99999", None),
    ("[acme]", None),
    ("[]", None),
    ("[fe80::1%eth0]", None),
    ("[fe80::1%25eth0]:80", None),
    ("[fe80::1%\r\nX: 1]", None),
    ("[::1].m0.test", None),
    ("[127.0.0.1]", None),
    ("a[::1]", None),
    ("a" * 64 + ".test", None),
    ("a." * 126 + "test", None),
    ("a" * 5000, None),
    ("m0\x00.test", None),
    ("m0.test\x00", None),
    (" m0.test", None),
    ("m0 .test", None),
    ("m0\t.test", None),
    ("m0\n.test", None),
    ("m0..test", None),
    (".m0.test", None),
    ("m0.test..", None),
    (".", None),
    (":8000", None),
    ("m0.test:65536", None),
    ("m0.test:-1", None),
    ("m0.test:80:80", None),
    ("m0.test:٨٠", None),
    ("m0.test: 80", None),
    ("m0.test:80\r\n", None),
    ("-m0.test", None),
    ("m0-.test", None),
    ("m_0.test", None),
    ("127.1", None),
    ("1.2.3.256", None),
    ("0x7f.1", None),
    ("1.0x7f", None),
    ("m0.0x", None),
    ("127.0.0.01", None),
    ("127.0.0.1.", "127.0.0.1"),
    ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
    ("2130706433", None),
    ("a@b.test", None),
    ("alice:open@m0.test", None),
    ("m0.test@evil.test:80", None),
    ("m0.test#evil.test", None),
    ("m0.test?evil.test", None),
    ("m0.test\\evil.test", None),
    ("http://m0.test", None),
    ("m0.test\r\nX-Host: evil.test", None),
    ("m0.test\r", None),
    ("m0\u200b.test", None),
    ("m0\u00ad.test", None),
    ("m0\u00a0.test", None),
    ("*.test", None),
    ("m0.test/path", None),
    ("m0.test,m1.test", None),
    ("%61cme.localhost", None),
    ("pаypal.test", None),  # noqa: RUF001 - a Cyrillic letter among Latin ones
    ("xn--pypal-4ve.test", None),
    ("xn--a.test", None),
    ("xn--.test", None),
    ("xn--0.test", None),
    ("xn--m0-.test", None),
    ("xn--bcher-kva\u00fc.test", None),
    ("xn--99999999999999999999.test", None),
    ("xn--" + "a" * 60 + ".test", None),
    ("\u0430\u0435\u04cfap\u0440le.test", None),
    ("\ud800.test", None),
    ("\u0661.test", None),
]


@pytest.mark.parametrize(("raw", "canonical"), CASES)
def test_a_host_has_one_spelling_or_is_none(raw: str, canonical: str | None) -> None:
    assert hosts.canonical_host(raw) == canonical


@pytest.mark.parametrize("host", [canonical for _raw, canonical in CASES if canonical])
def test_the_one_spelling_spelled_again_is_itself(host: str) -> None:
    assert hosts.canonical_host(host) == host


#: Nothing else may be looked up, and nothing else may stand in an address.
STRICT = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)"
    r"(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z"
    r"|\[[0-9a-f:.]{2,45}\]\Z"
)
ODD = st.sampled_from(
    [*".-_:[]%@/\\\x00\r\n \u3002\uff0e\uff61ßüİ\u200d", "xn--", "0x"]
)
PIECES = st.one_of(
    st.sampled_from(["acme", "localhost", "test", "ACME", "127", "::1", "80", "m0"]),
    ODD,
    st.text(max_size=4),
)
HEADERS = st.one_of(
    st.text(max_size=300),
    st.lists(PIECES, max_size=12).map("".join),
    st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]:8000"),
)


@settings(max_examples=300)
@given(raw=HEADERS)
@example(raw="[fe80::1%\x00]")
def test_whatever_stands_in_the_header_one_strict_spelling_comes_of_it_or_none(
    raw: str,
) -> None:
    canonical = hosts.canonical_host(raw)
    if canonical is None:
        return
    assert STRICT.match(canonical), canonical
    assert hosts.canonical_host(canonical) == canonical
    assert hosts.canonical_host(canonical.upper()) == canonical
    assert hosts.canonical_host(f"{canonical}:8000") == canonical
    if not canonical.startswith("["):
        assert hosts.canonical_host(f"{canonical}.") == canonical


@pytest.mark.parametrize(
    ("raw", "ending"),
    [
        ("acme.localhost", ""),
        ("ACME.localhost.", "."),
        ("acme.localhost:8000", ":8000"),
        ("acme.localhost.:8000", ".:8000"),
        ("acme.localhost:", ""),
        ("acme.localhost.:", ""),
        ("[::1]", ""),
        ("[::1]:8000", ":8000"),
    ],
)
def test_dot_and_port_stay_with_the_origin(raw: str, ending: str) -> None:
    host = hosts.canonical_host(raw)
    assert hosts.with_ending(host, raw) == host + ending


@pytest.mark.django_db
def test_public_hosts_lead_to_the_control_plane_without_a_query(
    django_assert_num_queries,
) -> None:
    with use_control(), django_assert_num_queries(0):
        assert hosts.resolve("localhost") is CONTROL
        assert hosts.resolve("www.localhost") is CONTROL


def test_a_domain_leads_to_its_tenant_by_one_query(
    acme, django_assert_num_queries
) -> None:
    with django_assert_num_queries(1):
        assert hosts.resolve("acme.localhost") == acme


@pytest.mark.parametrize(
    "host", ["nobody.localhost", "www.acme.localhost", "acme.localhost.test", "acme"]
)
def test_any_other_host_leads_nowhere(db, host: str) -> None:
    assert hosts.resolve(host) is None


def test_a_domain_that_is_not_verified_leads_nowhere(acme) -> None:
    with use_control():
        tenant = Domain.objects.get(domain=acme.primary_domain).tenant
        Domain.objects.create(domain="acme.test", tenant=tenant, is_primary=False)
    assert hosts.resolve("acme.test") is None


def test_a_customers_name_below_the_platforms_leads_nowhere(acme, globex) -> None:
    """HST-2: such names are the platform's, whoever brings one along."""
    with use_control():
        Domain.objects.create(
            domain="newcomer.localhost",
            tenant=Tenant.objects.get(slug="globex"),
            kind=Domain.Kind.CUSTOM,
            is_primary=False,
            verified_at=clock.now(),
        )
    assert hosts.resolve("newcomer.localhost") is None


def test_www_leads_to_a_tenant_only_where_it_is_a_name_of_its_own(acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
        for name in ("acme.test", "www.acme.test"):
            assert hosts.resolve(name) is None
            Domain.objects.create(
                domain=name, tenant=tenant, is_primary=False, verified_at=clock.now()
            )
            assert hosts.resolve(name) == acme


def test_a_tenant_without_a_verified_primary_has_the_platforms_address(acme) -> None:
    """DOM-4: a primary domain that lapsed falls back."""
    with use_control():
        Domain.objects.filter(domain="acme.localhost").update(is_primary=False)
        Domain.objects.create(
            domain="acme.test",
            tenant=Tenant.objects.get(slug="acme"),
            verified_at=clock.now(),
        )
    chosen = hosts.resolve("acme.localhost")
    assert hosts.absolute_url("/", tenant=chosen) == "http://acme.test:8000/"
    with use_control():
        Domain.objects.filter(domain="acme.test").update(
            is_primary=False, verified_at=None
        )
    left = hosts.resolve("acme.localhost")
    assert left.primary_domain == ""
    assert hosts.absolute_url("/", tenant=left) == "http://acme.localhost:8000/"
    assert hosts.resolve("acme.test") is None


def test_addresses_are_built_from_the_primary_domain(acme) -> None:
    with use(acme):
        assert hosts.absolute_url("/leave/") == "http://acme.localhost:8000/leave/"
    with use_control():
        assert hosts.absolute_url("/") == "http://localhost:8000/"
        assert hosts.absolute_url("/", tenant=acme) == "http://acme.localhost:8000/"


def test_the_default_port_is_not_shown(acme, settings) -> None:
    settings.TENANTRY_SCHEME, settings.TENANTRY_PORT = "https", 443
    assert hosts.absolute_url("/a?b#c", tenant=acme) == "https://acme.localhost/a?b#c"


@pytest.mark.parametrize("path", ["", "leave/", "//evil.test/", "/\\evil.test"])
def test_a_path_to_another_host_is_refused(acme, path: str) -> None:
    with pytest.raises(ValueError, match="no path of our own"):
        hosts.absolute_url(path, tenant=acme)
