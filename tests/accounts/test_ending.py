"""Owners have their workspace deleted, with a proof and its name typed."""

import pytest

from accounts import limits
from accounts.models import MailMessage, RefreshSession, SecurityEvent
from kernel import clock
from tenants.context import as_owner, use, use_control
from tenants.life import calling_off
from tenants.models import OperatorEvent, Tenant
from tenants.states import State, change_state
from tests import twins

pytestmark = pytest.mark.usefixtures("at_ten")
PATH = "/accounts/plan/delete"
API = "/api/accounts/deletion"
AS_JSON = {"content_type": "application/json"}


def row(slug: str = "acme") -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


@use_control()
def mailed() -> list[list[str]]:
    found = MailMessage.objects.filter(template="tenants/deletion_asked")
    return [message.to for message in found]


def test_an_owner_closes_it_and_keeps_it_by_the_link(page, acme, visitor) -> None:
    assert PATH in page.get("/accounts/plan").text
    assert "Type acme to confirm." in page.get(PATH).text
    answer = page.post(PATH, {"slug": " acme "})
    assert answer.status_code == 200
    assert "This workspace is closed" in answer.text
    assert "no-store" in answer["Cache-Control"]
    closed = row()
    assert closed.state == "deleting"
    assert (closed.purge_after - clock.now()).days == 30
    assert page.get("/accounts/plan").status_code == 410
    assert "carol@acme.test" in mailed()[0]
    with use(as_owner(acme)):
        assert not RefreshSession.objects.filter(revoked_at=None).exists()
        event = SecurityEvent.objects.get(name="workspace.deletion_asked")
    assert event.via == "session"
    with use_control():
        asked = OperatorEvent.objects.get(action="tenant.purge_asked")
    assert asked.actor.startswith("owner:")
    link = calling_off.cancel_link(closed)
    assert visitor().post(link.partition("8000")[2]).status_code == 302
    assert row().state == "active"
    assert page.get("/accounts/plan").status_code == 302, "all sign in again"


@pytest.mark.parametrize("typed", ["", "Acme", "globex", "acme2", "\x00", "a" * 500])
def test_a_wrong_name_closes_nothing(page, globex, typed: str) -> None:
    answer = page.post(PATH, {"slug": typed})
    assert answer.status_code == 422
    assert 'id="id_slug_error"' in answer.text
    assert (row().state, row("globex").state) == ("active", "active")
    assert mailed() == []


def test_it_asks_for_a_fresh_proof(page, acme) -> None:
    clock.advance(limits.HOUR)
    assert page.post(PATH, {"slug": "acme"}).status_code == 422
    wrong = page.post(PATH, {"slug": "acme", "current_password": "wrong"})
    assert wrong.status_code == 422
    assert row().state == "active"
    proof = {"slug": "acme", "current_password": twins.PASSWORD}
    assert page.post(PATH, proof).status_code == 200
    assert row().state == "deleting"


@pytest.mark.parametrize("who", ["admin", "bob"])
def test_nobody_but_owners_gets_in(browser_of, owner, who: str) -> None:
    client = browser_of(who)
    assert client.get(PATH).status_code == 403
    assert client.post(PATH, {"slug": "acme"}).status_code == 403
    assert row().state == "active"


# The API


def test_the_api_does_the_same(api, owner) -> None:
    client = api("carol")
    answer = client.post(API, {"slug": "acme"}, **AS_JSON)
    assert answer.status_code == 202
    assert set(answer.json()) == {"purgeAfter"}
    assert "no-store" in answer["Cache-Control"]
    assert row().state == "deleting"
    assert client.post(API, {"slug": "acme"}, **AS_JSON).status_code == 410


def test_the_api_refuses_in_clear_codes(api, owner) -> None:
    client = api("carol")
    for body in ({"slug": "globex"}, {"slug": ""}, {}, [], {"slug": "\ud800"}):
        answer = client.post(API, body, **AS_JSON)
        assert answer.status_code in {400, 422}, body
    assert client.post(API, {"slug": "Acme"}, **AS_JSON).json()["code"] == (
        "not_confirmed"
    )
    stranger = api("admin").post(API, {"slug": "acme"}, **AS_JSON)
    assert stranger.status_code == 403
    clock.advance(limits.MINUTE * 11)
    late = client.post(API, {"slug": "acme"}, **AS_JSON)
    assert late.json()["code"] == "reauthentication_required"
    assert row().state == "active"


# Whoever does not pay may leave


def owe() -> None:
    change_state(row(), State.PAST_DUE, reason="Why.", by="operator")


def test_an_owner_who_owes_money_closes_it_and_keeps_it(page, acme, visitor) -> None:
    owe()
    assert page.get(PATH).status_code == 200
    assert page.post(PATH, {"slug": "globex"}).status_code == 422
    assert page.post(PATH, {"slug": "acme"}).status_code == 200
    closed = row()
    assert (closed.state, closed.state_before) == ("deleting", "past_due")
    assert "carol@acme.test" in mailed()[0]
    link = calling_off.cancel_link(closed)
    assert visitor().post(link.partition("8000")[2]).status_code == 302
    assert row().state == "past_due"


def test_a_debtors_proof_is_asked_for_and_counted_as_ever(page, acme) -> None:
    owe()
    clock.advance(limits.HOUR)
    wrong = {"slug": "acme", "current_password": "wrong"}
    assert page.post(PATH, wrong).status_code == 422
    assert row().state == "past_due"
    proof = {"slug": "acme", "current_password": twins.PASSWORD}
    assert page.post(PATH, proof).status_code == 200
    assert row().state == "deleting"


def test_the_api_lets_an_owner_who_owes_money_leave(api, owner) -> None:
    client, other = api("carol"), api("admin")
    owe()
    assert other.post(API, {"slug": "acme"}, **AS_JSON).status_code == 403
    assert client.post(API, {"slug": "acme"}, **AS_JSON).status_code == 202
    assert row().state == "deleting"
