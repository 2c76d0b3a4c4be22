"""A deletion ends all sessions, and the owner's link calls it off."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.models import RefreshSession
from kernel import clock
from tenants import signing
from tenants.context import TenantInfo, use, use_control
from tenants.directory import Found
from tenants.errors import MoveRefused
from tenants.life import calling_off, going_on
from tenants.models import OperatorEvent, Tenant, WakeUp
from tenants.states import State, change_state
from tests import twins

JSON = {"content_type": "application/json"}


def row(slug: str = "acme") -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


def delete(slug: str = "acme") -> Tenant:
    return change_state(row(slug), State.DELETING, reason="Asked.", by="owner")


def path_to(tenant: Tenant) -> str:
    return urlsplit(calling_off.cancel_link(tenant)).path


def test_the_link_leads_to_the_tenants_own_host(acme) -> None:
    link = calling_off.cancel_link(delete())
    assert link.startswith("http://acme.localhost:8000/deletion/stop/")


def test_following_the_link_changes_nothing_and_shows_one_button(acme, visitor) -> None:
    path = path_to(delete())
    for method in ("get", "head", "options", "put", "delete"):
        assert getattr(visitor(), method)(path).status_code == 200
    page = visitor().get(path)
    assert page.text.count("Keep the workspace") == 1
    assert "form-action 'self'" in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-store"
    assert row().state == "deleting"


def test_the_button_calls_it_off_with_an_event(acme, visitor, frozen_clock) -> None:
    with use_control():
        Tenant.objects.update(purge_after=clock.now() + timedelta(days=30))
    path = path_to(delete())
    answer = visitor().post(path)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    after = row()
    assert (after.state, after.state_before, after.purge_after) == ("active", "", None)
    assert visitor().get("/accounts/sign-in").status_code == 200
    # Another owner who follows the same mail comes to the workspace.
    for again in (visitor().get(path), visitor().post(path)):
        assert (again.status_code, again["Location"]) == (302, "/")
    with use_control():
        event = OperatorEvent.objects.filter(action="tenant.active").latest("at")
        wake_up = WakeUp.objects.get(tenant=after)
    assert (event.actor, event.args["before"]) == ("owner:link", "deleting")
    assert (wake_up.enabled, wake_up.next_due) == (True, clock.now())


@pytest.mark.parametrize("before", [State.PAST_DUE, State.SUSPENDED])
def test_it_goes_back_to_where_it_was(acme, visitor, before: State) -> None:
    change_state(row(), before, reason="Unpaid.", by="operator")
    visitor().post(path_to(delete()))
    assert row().state == before


def test_a_wrong_link_is_as_gone_as_everything(acme, globex, visitor) -> None:
    first = path_to(delete())
    going_on.call_off(row(), reason="No.", by="operator")
    foreign = path_to(delete("globex"))
    second = delete()
    with use_control():
        info = second.info()
    with use(info):
        other = calling_off.PATH + signing.dumps(calling_off.word_of(second), salt="x")
    for path in (first, foreign, other, calling_off.PATH, f"{calling_off.PATH}ü\x00"):
        for method in ("get", "post"):
            assert getattr(visitor(), method)(path).status_code == 410
    assert visitor().get("/").status_code == 410
    assert row().state == row("globex").state == "deleting"


def test_of_two_clicks_one_calls_it_off(acme, visitor, monkeypatch) -> None:
    """The second finds the page's row as it was, and the tenant called back."""
    path, before = path_to(delete()), row()
    going_on.call_off(row(), reason="No.", by="operator")
    monkeypatch.setattr(
        "tenants.life.calling_off.Tenant.objects.get", lambda **_k: before
    )
    monkeypatch.setattr("tenants.directory.find", lambda host: Found(info_of(before)))
    assert visitor().post(path).status_code == 410


def info_of(tenant: Tenant) -> TenantInfo:
    with use_control():
        return tenant.info()


def test_a_workspace_that_is_not_deleted_leads_on_and_tells_nothing(
    acme, visitor
) -> None:
    assert visitor().get("/deletion/stop/x")["Location"] == "/"
    change_state(row(), State.PAST_DUE, reason="Unpaid.", by="operator")
    assert visitor().get("/deletion/stop/x")["Location"] == "/"
    assert visitor().post("/deletion/stop/x").status_code == 402
    change_state(row(), State.SUSPENDED, reason="Unpaid.", by="operator")
    assert visitor().get("/deletion/stop/x").status_code == 423


def test_elsewhere_there_is_no_such_page(visitor, db) -> None:
    assert visitor("localhost").get("/deletion/stop/x").status_code == 404


def test_a_tenant_that_is_not_deleted_is_not_called_back(acme) -> None:
    with pytest.raises(MoveRefused):
        going_on.call_off(row(), reason="No.", by="operator")


# Sessions


def test_no_session_outlives_the_request_for_deletion(
    acme, globex, visitor, browser_of
) -> None:
    browser = browser_of("bob")
    words = {"username": "alice", "password": twins.PASSWORD}
    tokens = visitor().post("/api/auth/mobile/sign-in", words, **JSON).json()
    client = visitor(authorization=f"Bearer {tokens['access']}")
    others = browser_of("bob", "globex.localhost")
    delete()
    going_on.call_off(row(), reason="No.", by="operator")
    body = {"refresh": tokens["refresh"]}
    renewed = visitor().post("/api/auth/mobile/token-refresh", body, **JSON)
    assert renewed.status_code == 401
    assert client.get("/api/protected/me").status_code == 401
    assert browser.get("/leave/").status_code == 302
    assert others.get("/leave/").status_code == 200
    with use(acme):
        assert not RefreshSession.objects.filter(revoked_at=None).exists()


def test_a_tenant_whose_tables_are_broken_can_be_deleted_all_the_same(acme) -> None:
    """What was signed before is worth nothing then, since the generation rises."""
    with use_control(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {acme.schema_name}.accounts_refreshsession CASCADE")
    assert delete().generation == acme.generation + 1


def test_a_purge_ends_all_that_was_signed_and_cached(acme) -> None:
    delete()
    after = change_state(row(), State.PURGED, reason="Due.", by="system")
    assert (after.generation, after.cache_epoch) == (
        acme.generation + 1,
        acme.cache_epoch + 1,
    )
