"""Tenants in the operators' console: looked at, stopped, started, and no more."""

import pytest

from accounts.models import User
from tenants.context import use_control
from tenants.models import OperatorEvent, ProvisioningRun, Tenant


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
