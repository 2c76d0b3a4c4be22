"""Host names: one spelling, one look-up, and addresses built from the tenant alone."""

import pytest

from tenants import hosts
from tenants.context import CONTROL, use, use_control
from tenants.models import Domain

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
    ("127.0.0.1:8000", "127.0.0.1"),
    ("bücher.test", "xn--bcher-kva.test"),
    ("BÜCHER.test", "xn--bcher-kva.test"),
    ("xn--bcher-kva.test", "xn--bcher-kva.test"),
    ("日本ひカ.test", "xn--y9j3f261oncb.test"),
    ("\uff4d0.test", "m0.test"),
    ("m0。test", "m0.test"),
    ("a" * 63 + ".test", "a" * 63 + ".test"),
    ("", None),
    ("::1", None),
    ("[::1", None),
    ("[::1]8000", None),
    ("[::1]:99999", None),
    ("[acme]", None),
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
    ("-m0.test", None),
    ("m0-.test", None),
    ("m_0.test", None),
    ("127.1", None),
    ("1.2.3.256", None),
    ("0x7f.1", None),
    ("2130706433", None),
    ("a@b.test", None),
    ("m0.test/path", None),
    ("m0.test,m1.test", None),
    ("%61cme.localhost", None),
    ("pаypal.test", None),  # noqa: RUF001 - a Cyrillic letter among Latin ones
    ("xn--pypal-4ve.test", None),
    ("xn--a.test", None),
    ("\ud800.test", None),
    ("\u0661.test", None),
]


@pytest.mark.parametrize(("raw", "canonical"), CASES)
def test_a_host_has_one_spelling_or_is_none(raw: str, canonical: str | None) -> None:
    assert hosts.canonical_host(raw) == canonical


@pytest.mark.parametrize("host", [canonical for _raw, canonical in CASES if canonical])
def test_the_one_spelling_spelled_again_is_itself(host: str) -> None:
    assert hosts.canonical_host(host) == host


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
