"""Sign-up by pages: two steps, a progress page, a door; and the workspace finder."""

import re

import pytest

from accounts.mail.rendering import render
from accounts.models import MailMessage
from tenants import provisioning
from tenants.context import use_control
from tenants.models import SignupRequest
from tenants.states import State, change_state
from tests.tenants import seeds
from tests.tenants.test_signup import mailed_code, mails, wrong

FORM = {"email": "alice@newcomer.test", "name": "Newcomer", "slug": "newcomer"}
HTMX = {"hx-request": "true"}


@pytest.fixture
def public(visitor):
    return visitor("localhost")


@use_control()
def last() -> SignupRequest:
    return SignupRequest.objects.latest("created_at")


def send(client, **changes: str):
    return client.post("/signup/", {**FORM, **changes})


def bring(client, code: str = ""):
    return client.post("/signup/verify/", {"code": code or mailed_code()})


def test_the_two_steps_lead_to_the_progress_page(public) -> None:
    assert b"Step 1 of 2" in public.get("/signup/").content
    answer = send(public)
    assert (answer.status_code, answer["Location"]) == (302, "/signup/verify/")
    cookie = answer.cookies["signup"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/signup/")
    page = public.get("/signup/verify/").content.decode()
    assert "alice@newcomer.test" in page
    answer = bring(public)
    assert answer["Location"] == f"/signup/{last().pk}/"
    page = public.get(answer["Location"]).content.decode()
    assert "Setting up Newcomer" in page
    assert 'hx-trigger="every 1s"' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_an_empty_address_is_made_of_the_name(public) -> None:
    send(public, slug="", name="Green Hill Ltd.")
    assert last().slug == "green-hill-ltd"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"email": ""}, "This field is required"),
        ({"name": "<b>"}, "no markup"),
        ({"slug": "admin"}, "kept for the platform"),
        ({"slug": "A b"}, "An address has the letters"),
        ({"slug": "", "name": "日本"}, "An address has 3 to 32 characters"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(public, changes, words):
    answer = send(public, **changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "alice@newcomer.test" in page or "email" in changes
    assert mails() == 0


def test_what_is_wrong_with_an_address_is_said_once(public) -> None:
    page = send(public, slug="A b").content.decode()
    assert page.count("An address has the letters") == 1
    live = public.get("/signup/note/?slug=A+b").content.decode()
    assert live.count("An address has the letters") == 1


def test_changes_of_the_progress_are_read_out_by_a_parent_that_stays(public) -> None:
    send(public)
    address = bring(public)["Location"]
    page = public.get(address).content.decode()
    assert re.search(r'<div aria-live="polite">\s*<div id="progress"', page)
    part = public.get(address, headers=HTMX).content.decode()
    assert "aria-live" not in part


def test_too_many_forms_are_told_on_the_page(public) -> None:
    for _number in range(5):
        send(public)
    answer = send(public)
    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert b"Too many requests" in answer.content


def test_a_robot_that_fills_the_trap_gets_no_code(public) -> None:
    answer = send(public, website="http://evil.test")
    assert answer["Location"] == "/signup/verify/"
    assert mails() == 0
    assert bring(public, "AAAAAA").status_code == 422


def test_a_wrong_code_is_told_on_the_page(public) -> None:
    send(public)
    answer = bring(public, wrong(mailed_code()))
    assert answer.status_code == 422
    assert b"This code is not right" in answer.content


def test_without_a_cookie_the_second_step_leads_to_the_first(public) -> None:
    assert public.get("/signup/verify/")["Location"] == "/signup/"
    for cookie in ("", "x", "a.b", "\x00", f"{'0' * 32}.secret"):
        public.cookies["signup"] = cookie
        assert public.get("/signup/verify/").status_code in {200, 302}
        assert public.post("/signup/verify/", {"code": "A"}).status_code in {302, 422}


def test_another_browser_sees_nothing_of_a_sign_up(public, visitor) -> None:
    send(public)
    bring(public)
    stranger = visitor("localhost")
    for path in ("", "open/"):
        assert stranger.get(f"/signup/{last().pk}/{path}").status_code == 404
    assert stranger.post(f"/signup/{last().pk}/address/").status_code == 404
    assert stranger.get("/signup/not-a-uuid/").status_code == 404


def test_an_address_that_has_gone_is_replaced_without_a_new_code(public, acme) -> None:
    send(public, slug="acme")
    address = bring(public)["Location"]
    page = public.get(address).content.decode()
    assert "Choose another address" in page
    answer = public.post(f"{address}address/", {"slug": "globex"})
    assert answer.status_code == 409
    assert b"This address is taken" in answer.content
    assert public.post(f"{address}address/", {"slug": ""}).status_code == 422
    answer = public.post(f"{address}address/", {"slug": "newcomer"})
    assert (answer.status_code, answer["Location"]) == (302, address)


def test_the_door_opens_when_the_set_up_is_done(public, transactional_db) -> None:
    send(public)
    address = bring(public)["Location"]
    assert public.get(f"{address}open/").status_code == 409
    provisioning.drive(last().run_id)
    part = public.get(address, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Newcomer is ready" in part
    assert "hx-trigger" not in part
    assert f'href="{address}open/"' in part
    answer = public.get(f"{address}open/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(
        "http://newcomer.localhost:8000/accounts/set-password#"
    )


def test_a_set_up_that_failed_says_what_to_do(
    public, settings, transactional_db
) -> None:
    settings.TENANT_PROVISIONING_STEPS = ["tests.tenants.seeds.break_down"]
    seeds.faults.update(left=4, error=RuntimeError("secret inner words"))
    send(public)
    address = bring(public)["Location"]
    provisioning.drive(last().run_id, pauses=(0, 0, 0))
    page = public.get(address).content.decode()
    assert "Try again" in page
    assert "secret inner words" not in page
    assert public.post(f"{address}address/", {"slug": "newcomer"}).status_code == 302
    provisioning.drive(last().run_id)
    assert b"is ready" in public.get(address).content


def test_the_address_is_suggested_while_the_name_is_typed(public) -> None:
    part = public.get("/signup/suggestion/?name=Green+Hill&slug=&suggested=").content
    assert b'value="green-hill"' in part
    assert b"green-hill.localhost:8000" in part
    typed = "name=Green+Hill&slug=mine&suggested=green"
    part = public.get(f"/signup/suggestion/?{typed}").content
    assert b'value="mine"' in part
    assert b"kept for the platform" in public.get("/signup/note/?slug=admin").content


@pytest.mark.parametrize(
    "query", ["", "name=%00&slug=%00", "name=%ff%fe", "slug=" + "a" * 5000, "slug=<b>"]
)
def test_a_suggestion_never_fails(public, query: str) -> None:
    for path in ("suggestion", "note"):
        answer = public.get(f"/signup/{path}/?{query}")
        assert answer.status_code == 200
        assert b"<b>\n" not in answer.content
        assert b"slug=<b>" not in answer.content


def test_wrong_methods_are_refused(public) -> None:
    for path in ("/signup/", "/signup/verify/", "/find/"):
        assert public.put(path).status_code == 405
    assert public.post("/signup/suggestion/").status_code == 405


# Find


@use_control()
def list_mail() -> str:
    message = MailMessage.objects.filter(template="tenants/workspaces").latest("pk")
    return render(message).text


def test_the_finder_mails_the_workspaces_of_an_address(public, acme, globex) -> None:
    answer = public.post("/find/", {"email": "Alice@ACME.test"})
    assert b"Look into your mail" in answer.content
    assert "Acme: http://acme.localhost:8000/" in list_mail()
    assert "Globex" not in list_mail()


def test_the_finder_answers_the_same_for_a_stranger(public, acme) -> None:
    pages = set()
    for email in ("alice@acme.test", "nobody@acme.test"):
        page = public.post("/find/", {"email": email}).content.decode()
        pages.add(re.sub(r'X-CSRFToken": "\w+"', "", page.replace(email, "")))
    assert len(pages) == 1
    assert "no workspace" in list_mail()


def test_the_finder_leaves_out_stopped_workspaces(public, acme, tenant_row) -> None:
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Unpaid.", by="operator")
    public.post("/find/", {"email": "alice@acme.test"})
    assert "no workspace" in list_mail()


def test_the_finder_is_limited_and_checks_the_address(public, acme) -> None:
    assert public.post("/find/", {"email": "nobody"}).status_code == 422
    for _number in range(3):
        assert public.post("/find/", {"email": "a@b.test"}).status_code == 200
    assert public.post("/find/", {"email": "a@b.test"}).status_code == 429
