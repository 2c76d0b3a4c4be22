"""From the host to the tenant: for views, streams, async views, and back to nothing."""

import pytest
from django.db import connection
from django.utils import translation

from tenants.context import CONTROL_UUID, NoTenantError, current_or_none, use_control
from tenants.models import Tenant
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
    answer = visitor(host).get("/api/protected/me", HTTP_HOST=host)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


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
    mine = iter(visitor().get("/stream").streaming_content)
    theirs = iter(visitor("globex.localhost").get("/stream").streaming_content)
    for _part in range(3):
        assert next(mine).decode().startswith(acme.schema_name)
        assert next(theirs).decode().startswith(globex.schema_name)


@pytest.mark.parametrize("path", ["/here", "/fail", "/no-such-page", "/stream"])
def test_nothing_is_left_entered_after_a_request(visitor, acme, own_routes, path):
    visitor().get(path)
    assert current_or_none() is None
    with pytest.raises(NoTenantError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_page_of_the_one_site_is_a_404_on_the_other(visitor, acme) -> None:
    assert visitor("acme.localhost").get("/signup/").status_code == 404
    assert visitor("localhost").get("/leave/").status_code == 404
    assert visitor("localhost").get("/api/protected/me").status_code == 404
