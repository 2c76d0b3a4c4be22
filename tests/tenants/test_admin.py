"""Tenants in the operators' console: looked at, stopped, started, and no more."""

import html
import re
from datetime import timedelta

import pytest

from accounts import events
from accounts.models import User
from kernel import clock
from tenants import domains, fleet
from tenants.context import use, use_control
from tenants.models import OperatorEvent, ProvisioningRun, Survey, Tenant
from tenants.watching import surveying


@pytest.fixture
def console(visitor):
    with use_control():
        User.objects.create_user(
            "operator",
            "operator@platform.test",
            "open",
            is_staff=True,
            is_superuser=True,
            role="owner",
        )
    client = visitor("localhost")
    client.post("/accounts/sign-in", {"username": "operator", "password": "open"})
    return client


def test_the_lists_and_pages_can_be_looked_at(console, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
        run = ProvisioningRun.objects.get(slug="acme")
    for path in (
        "tenant/",
        "tenant/?q=acme",
        f"tenant/{tenant.pk}/change/",
        "domain/",
        "provisioningrun/",
        f"provisioningrun/{run.pk}/change/",
        "operatorevent/",
    ):
        answer = console.get(f"/admin/tenants/{path}")
        assert answer.status_code == 200, path


@pytest.mark.parametrize(
    "path", ["tenant/add/", "domain/add/", "operatorevent/add/", "tenant/1/delete/"]
)
def test_nothing_is_added_or_deleted_by_hand(console, acme, path: str) -> None:
    assert console.post(f"/admin/tenants/{path}").status_code in {403, 404}


def test_an_operator_stops_and_starts_a_tenant_with_an_event(console, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
    for action, state in (("suspend", "suspended"), ("resume", "active")):
        answer = console.post(
            "/admin/tenants/tenant/", {"action": action, "_selected_action": tenant.pk}
        )
        assert answer.status_code == 302
        with use_control():
            tenant.refresh_from_db()
            event = OperatorEvent.objects.filter(tenant=tenant.uuid).latest("at")
        assert tenant.state == state
        assert event.actor == "operator:operator"
        assert event.request_id == answer.headers["X-Request-ID"]
        assert len(event.ip_hash) == 32


def test_an_operator_lets_a_tenant_be_read_only_and_keeps_people_out(
    console, acme, visitor
) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")

    def act(action: str) -> None:
        words = {"action": action, "_selected_action": tenant.pk}
        assert console.post("/admin/tenants/tenant/", words).status_code == 302

    for action, statuses in (
        ("past_due", (200, 402)),
        ("maintain", (503, 503)),
        ("resume", (200, 404)),
    ):
        act(action)
        client = visitor()
        seen = client.get("/accounts/sign-in"), client.post("/nowhere")
        assert tuple(one.status_code for one in seen) == statuses, action


def test_a_move_that_the_state_refuses_is_told(console, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
    answer = console.post(
        "/admin/tenants/tenant/",
        {"action": "resume", "_selected_action": tenant.pk},
        follow=True,
    )
    assert b"acme is active, so this is refused." in answer.content


def test_the_console_is_for_operators_of_the_public_host(visitor, acme) -> None:
    assert visitor("localhost").get("/admin/tenants/tenant/").status_code == 302
    assert visitor("acme.localhost").get("/admin/tenants/tenant/").status_code in {
        302,
        404,
    }


def test_the_fleet_is_shown_with_schema_drift_size_and_activity(
    console, acme, globex
) -> None:
    fleet.compile_template()
    with use(acme):
        events.record("sign_in", subject=User.objects.get(username="alice"))
    surveying.survey()
    with use_control():
        Tenant.objects.filter(slug="globex").update(schema_rev="of-before")
        Survey.objects.filter(tenant__slug="globex").update(differences=2)
    page = console.get("/admin/tenants/tenant/").content.decode()
    for words in ("current", "behind", "2 differences", "0\xa0minutes ago"):
        assert words in page, words
    assert re.search(r"\d\xa0[KM]B", page)
    with use_control():
        pk = Tenant.objects.get(slug="globex").pk
    one = console.get(f"/admin/tenants/tenant/{pk}/change/").content.decode()
    assert "2 differences" in one
    assert "('behind'" not in html.unescape(one)


def test_a_list_says_what_lies_over_a_state_and_puts_purged_tenants_last(
    console, acme, globex
) -> None:
    with use_control():
        Tenant.objects.filter(slug="globex").update(
            maintenance_until=clock.now() + timedelta(hours=1)
        )
        Tenant.objects.filter(slug="acme").update(state="purged", slug="")
    page = console.get("/admin/tenants/tenant/").content.decode()
    assert "Active, maintenance" in page
    assert page.index(">globex</a>") < page.index(f">{str(acme.uuid)[:8]}…</a>")


def test_a_list_of_domains_says_how_far_each_is(console, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
        domains.claim(tenant=tenant, name="shop.test", by="tests")
    page = console.get("/admin/tenants/domain/").content.decode()
    words = ("claimed", "verified", "primary")
    assert [word for word in words if f"{word}\n" in page or f">{word}<" in page] == [
        *words
    ]


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("schema=behind", {"globex"}),
        ("schema=current", {"acme"}),
        ("drift=yes", {"globex"}),
        ("drift=no", set()),
        ("drift=of-mallory&schema=x", {"acme", "globex"}),
    ],
)
def test_the_fleet_is_narrowed(console, acme, globex, query, slugs) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(schema_rev=fleet.revision())
        behind = Tenant.objects.get(slug="globex")
        Tenant.objects.filter(pk=behind.pk).update(schema_rev="of-before")
        Survey.objects.create(tenant=behind, differences=2, surveyed_at=clock.now())
    page = console.get(f"/admin/tenants/tenant/?{query}").content.decode()
    shown = {slug for slug in ("acme", "globex") if f">{slug}</a>" in page}
    assert shown == slugs


def test_the_list_of_tenants_costs_the_same_however_many_there_are(
    console, acme, globex, django_assert_max_num_queries
) -> None:
    surveying.survey()
    with django_assert_max_num_queries(40) as few:
        console.get("/admin/tenants/tenant/")
    with use_control():
        Tenant.objects.bulk_create(
            Tenant(slug=f"one-of-many-{n}", storage_prefix=str(n)) for n in range(20)
        )
    with django_assert_max_num_queries(len(few)):
        console.get("/admin/tenants/tenant/")
