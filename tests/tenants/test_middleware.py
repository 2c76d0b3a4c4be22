"""From the host to the tenant: for views, streams, async views, and back to nothing."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from kernel import clock
from tenants.context import CONTROL_UUID, NoTenantError, current_or_none, use_control
from tenants.models import Domain, Tenant
from tests.tenants import urls


@pytest.fixture
def far_away(acme) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(
            locale="de", timezone="Pacific/Auckland"
        )


def test_a_view_runs_in_the_tenant_of_the_host(visitor, acme, globex, own_routes):
    for tenant in (acme, globex, acme):
        seen = visitor(f"{tenant.slug}.localhost:8000").get("/here").json()
        assert seen["schema"] == tenant.schema_name
        assert seen["uuid"] == str(tenant.uuid)
        assert seen["tenant"] == tenant.slug


def test_a_view_of_the_public_site_runs_in_control(visitor, own_routes) -> None:
    seen = visitor("localhost").get("/here").json()
    assert seen["schema"] == "public"
    assert seen["uuid"] == str(CONTROL_UUID)
    assert seen["tenant"] is None


def test_the_tenants_language_and_zone_end_with_the_request(
    visitor, far_away, globex, own_routes
) -> None:
    seen = visitor().get("/here").json()
    assert (seen["language"], seen["zone"]) == ("de", "Pacific/Auckland")
    seen = visitor("globex.localhost").get("/here").json()
    assert (seen["language"], seen["zone"]) == ("en", "UTC")
    assert translation.get_language() == "en"


def test_a_zone_this_machine_does_not_know_is_utc(visitor, acme, own_routes) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(timezone="Mars/Olympus")
    assert visitor().get("/here").json()["zone"] == "UTC"


HOSTS = [
    "nobody.localhost",
    "www.acme.localhost",
    "acme.localhost.evil.test",
    "acme_.localhost",
    "acme.localhost:99999",
    "[::1",
    "acme.localhost\x00",
    "pаypal.localhost",  # noqa: RUF001 - a Cyrillic letter
    "",
    "%",
    "a" * 3000,
]


@pytest.mark.parametrize("host", HOSTS)
def test_an_unknown_host_is_a_plain_404(visitor, db, host: str) -> None:
    page = visitor(host).get("/", HTTP_HOST=host)
    assert page.status_code == 404
    assert b"<h1>" in page.content
    # The start page of this host is this page again.
    assert set(re.findall(r'href="(http[^"]+)"', page.text)) == {
        "http://localhost:8000/"
    }
    assert 'href="/"' not in page.text
    answer = visitor(host).get("/api/protected/me", HTTP_HOST=host)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert "start_page" not in answer.json()


def test_all_unknown_hosts_get_the_same_answer(visitor, db) -> None:
    bodies = {
        visitor(host).get("/api/x", HTTP_HOST=host).content
        for host in ("nobody.localhost", "never.test", "")
    }
    assert len(bodies) == 1


def test_a_forwarded_host_is_ignored(visitor, acme, globex, own_routes) -> None:
    client = visitor("acme.localhost", **{"x-forwarded-host": "globex.localhost"})
    assert client.get("/here").json()["tenant"] == "acme"


def test_one_query_finds_the_tenant(
    visitor, acme, own_routes, django_assert_num_queries
) -> None:
    with use_control(), django_assert_num_queries(2):
        visitor().get("/here")


def test_a_streamed_body_is_made_in_the_tenant(visitor, far_away, acme, own_routes):
    answer = visitor().get("/stream")
    assert current_or_none() is None
    lines = b"".join(answer.streaming_content).decode().split("\n")
    assert lines == [f"{acme.schema_name} de"] * 3 + [""]
    assert urls.ends == [acme.schema_name]


def test_a_client_that_goes_away_ends_the_body_in_the_tenant(
    visitor, acme, own_routes
) -> None:
    answer = visitor().get("/stream")
    next(iter(answer.streaming_content))
    answer.close()
    assert urls.ends == [acme.schema_name]


def test_two_streams_at_once_keep_to_their_tenants(visitor, acme, globex, own_routes):
    answers = [visitor().get("/stream"), visitor("globex.localhost").get("/stream")]
    mine, theirs = (iter(answer.streaming_content) for answer in answers)
    for _part in range(3):
        assert next(mine).decode().startswith(acme.schema_name)
        assert next(theirs).decode().startswith(globex.schema_name)
    for answer in answers:
        answer.close()


@pytest.mark.parametrize("path", ["/here", "/fail", "/no-such-page", "/stream"])
def test_nothing_is_left_entered_after_a_request(visitor, acme, own_routes, path):
    visitor().get(path)
    assert current_or_none() is None
    with pytest.raises(NoTenantError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


SECRETS = ["nobody.localhost", "claimed.test", "removed.test", "lapsed.test"]


def test_no_answer_tells_whether_a_host_was_ever_known(visitor, acme, domain) -> None:
    """HST-6."""
    domain("claimed.test", verified=False)
    domain("removed.test").delete()
    Domain.objects.filter(pk=domain("lapsed.test").pk).update(verified_at=None)

    def told(host: str, path: str) -> tuple[object, ...]:
        answer = visitor(host).get(path)
        headers = {k: v for k, v in answer.headers.items() if k != "X-Request-ID"}
        body = answer.content.replace(answer["X-Request-ID"].encode(), b"")
        return answer.status_code, headers, body

    for path in ("/", "/api/protected/me", "/static/tenantry/base.css", "/signup/"):
        (first, *others) = [told(host, path) for host in SECRETS]
        assert first[0] == 404
        assert others == [first] * 3


# Other domains of a tenant (HST-9)


@pytest.fixture
def domain(in_control) -> Callable[..., Domain]:
    """Return a maker of domains of acme."""

    def make(name: str = "acme.test", *, verified: bool = True, **values) -> Domain:
        return Domain.objects.create(
            domain=name,
            tenant=Tenant.objects.get(slug="acme"),
            is_primary=values.pop("is_primary", False),
            kind=Domain.Kind.CUSTOM,
            verified_at=clock.now() if verified else None,
        )

    return make


PATHS = [
    "/leave/",
    "/leave/?a=b&a=%20c&d=%C3%BC&next=//evil.test/",
    "/no/such/page",
    "/b%C3%BCcher/%22%3E?x=%0d%0aX:1",
    "/%0D%0AX-Evil:1",
    "/%5C%5Cevil.test",
    "/static/tenantry/base.css",
    "/apiary/",
]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_read_on_the_primary_domain(visitor, domain, path, method) -> None:
    domain()
    answer = getattr(visitor("acme.test:8000"), method)(path)
    assert answer.status_code == 301
    assert answer["Location"] == f"http://acme.localhost:8000{path}"
    assert answer["Cache-Control"] == "no-store"
    assert "X-Evil" not in answer.headers


def test_a_path_that_looks_like_a_host_stays_a_path(visitor, domain) -> None:
    domain()
    answer = visitor("acme.test").get("/", PATH_INFO="//evil.test/x")
    assert answer["Location"] == "http://acme.localhost:8000//evil.test/x"


def test_a_page_is_read_there_whatever_other_headers_say(visitor, domain) -> None:
    domain()
    for name in SPOOFED:
        answer = visitor("acme.test", **{name: spoof(name, "globex.localhost")}).get(
            "/"
        )
        assert answer["Location"] == "http://acme.localhost:8000/"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_what_is_sent_is_taken_where_it_was_sent(
    visitor, domain, own_routes, method
) -> None:
    domain()
    answer = getattr(visitor("acme.test"), method)("/here")
    assert (answer.status_code, answer.json()["tenant"]) == (200, "acme")


def test_programs_are_served_on_every_domain(visitor, domain, own_routes) -> None:
    domain()
    answer = visitor("acme.test").get("/api/here")
    assert (answer.status_code, answer.json()["tenant"]) == (200, "acme")


def test_a_new_primary_domain_turns_the_way_round(visitor, domain, own_routes) -> None:
    domain(is_primary=True)
    assert visitor("acme.test").get("/here").json()["tenant"] == "acme"
    led = visitor("acme.localhost").get("/here")
    assert (led.status_code, led["Location"]) == (301, "http://acme.test:8000/here")


def test_the_only_verified_domain_is_served_although_it_is_not_primary(
    visitor, acme, in_control, own_routes
) -> None:
    Domain.objects.filter(domain="acme.localhost").update(is_primary=False)
    assert visitor("acme.localhost").get("/here").json()["tenant"] == "acme"


def test_a_stopped_tenant_answers_its_state_on_every_domain(visitor, domain) -> None:
    domain()
    Tenant.objects.filter(slug="acme").update(state="suspended")
    assert visitor("acme.test").get("/").status_code == 423


def test_a_public_host_leads_nowhere_else(visitor, domain, own_routes) -> None:
    domain("www.localhost", is_primary=True)
    assert visitor("www.localhost").get("/here").json()["tenant"] is None


# What is left of the Host header (HST-7)


def spoof(name: str, host: str) -> str:
    return f"host={host}" if name == "forwarded" else host


SPOOFED = ["x-forwarded-host", "forwarded", "x-host", "x-original-host"]


@pytest.mark.usefixtures("acme", "own_routes")
@pytest.mark.parametrize("trusting", [True, False])
@pytest.mark.parametrize("name", SPOOFED)
def test_no_other_header_names_the_host(visitor, settings, name, trusting) -> None:
    settings.USE_X_FORWARDED_HOST = trusting
    for value in ("globex.localhost", "evil.test", "globex.localhost, acme.localhost"):
        client = visitor("acme.localhost:8000", **{name: spoof(name, value)})
        assert client.get("/here").json()["tenant"] == "acme"
        assert client.get("/address").json() == {
            "host": "acme.localhost:8000",
            "port": "80",
            "uri": "http://acme.localhost:8000/address",
            "site": "acme.localhost:8000",
            "forwarded": [],
        }


def test_django_alone_would_believe_them(rf, settings) -> None:
    settings.USE_X_FORWARDED_HOST = True
    request = rf.get("/", headers={"x-forwarded-host": "evil.test"})
    assert request.get_host() == "evil.test"


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("ACME.Localhost", "acme.localhost"),
        ("acme.localhost.", "acme.localhost."),
        ("\uff41cme.localhost:8000", "acme.localhost:8000"),
        ("acme.localhost:", "acme.localhost"),
        ("acme.localhost:08000", "acme.localhost:08000"),
    ],
)
def test_django_sees_the_canonical_host_and_no_other_spelling(
    visitor, acme, own_routes, raw, seen
) -> None:
    assert visitor(raw).get("/address", HTTP_HOST=raw).json()["host"] == seen


def test_without_a_host_header_the_servers_name_counts(
    visitor, acme, own_routes, rf
) -> None:
    client = Client(SERVER_NAME="acme.localhost")
    assert client.get("/address").json()["host"] == "acme.localhost"


ORIGINS = [
    ("acme.localhost:8000", "http://acme.localhost:8000", 200),
    ("acme.localhost.:8000", "http://acme.localhost.:8000", 200),
    ("acme.test:8000", "http://acme.test:8000", 200),
    ("acme.localhost:8000", "http://acme.test:8000", 403),
    ("acme.localhost:8000", "http://globex.localhost:8000", 403),
    ("acme.localhost:8000", "http://evil.test", 403),
    ("acme.localhost:8000", "null", 403),
]


@pytest.mark.usefixtures("own_routes")
@pytest.mark.parametrize(("host", "origin", "status"), ORIGINS)
@pytest.mark.parametrize("spoofed", [False, True])
def test_a_form_is_taken_from_a_page_of_the_same_host_only(
    domain, host, origin, status, spoofed
) -> None:
    domain()
    client = Client(enforce_csrf_checks=True, headers={"host": host})
    token = Client(headers={"host": "acme.localhost"}).get("/form")
    client.cookies = token.cookies
    named = urlsplit(origin).netloc if spoofed else ""
    more = {name: spoof(name, named) for name in SPOOFED} if named else {}
    answer = client.post(
        "/form",
        {"csrfmiddlewaretoken": token.content.decode()},
        headers={"origin": origin, **more},
    )
    assert answer.status_code == status


def test_a_page_of_the_one_site_is_a_404_on_the_other(visitor, acme) -> None:
    assert visitor("acme.localhost").get("/signup/").status_code == 404
    assert visitor("localhost").get("/leave/").status_code == 404
    assert visitor("localhost").get("/api/protected/me").status_code == 404
