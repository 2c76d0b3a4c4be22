"""A sign-up on the public host, to the first leave request of the new tenant."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from accounts.models import User
from kernel import clock
from tenants import scheduler
from tenants.context import use
from tests import twins

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SLUG = "fresh-start"
HOST = f"{SLUG}.localhost"
OWNER = "owner@fresh-start.test"
PASSWORD = "three calm rivers at dawn"
CODE = re.compile(r"^\s*([A-HJ-NP-Z2-9]{6})\s*$", re.MULTILINE)


@pytest.fixture
def public(visitor):
    return visitor("localhost")


@pytest.fixture
def code(letters):
    def newest() -> str:
        return next(
            found[1]
            for letter in letters()
            if letter.to == [OWNER] and (found := CODE.search(letter.text))
        )

    return newest


def test_from_the_sign_up_to_the_first_leave_request(public, code, visitor):
    order = {"email": OWNER, "name": "Fresh Start", "slug": SLUG}
    asked = public.post("/api/signup", order, content_type="application/json")
    assert asked.status_code == 202, asked.content
    path, secret = f"/api/signup/{asked.json()['id']}", asked.json()["secret"]
    assert visitor(HOST).get("/accounts/sign-in").status_code == 404

    typed = {"secret": secret, "code": code()}
    verified = public.post(f"{path}/verify", typed, content_type="application/json")
    assert verified.status_code == 202, verified.content
    scheduler.run_all_inline()
    progress = public.get(path, headers={"X-Signup-Secret": secret}).json()
    assert {step["state"] for step in progress["steps"]} == {"done"}
    assert urlsplit(progress["url"]).hostname == HOST

    enter_and_set_password(public, path, secret, visitor)
    ask_for_leave(visitor)


def enter_and_set_password(public, path: str, secret: str, visitor) -> None:
    body = {"secret": secret}
    entry = public.post(f"{path}/enter", body, content_type="application/json").json()
    door = urlsplit(entry["url"])
    assert door.hostname == HOST
    ticket = door.fragment.removeprefix("ticket=")
    assert ticket
    fields = {"ticket": ticket, "password": PASSWORD, "password_verify": PASSWORD}
    answer = visitor(HOST).post(door.path, fields)
    assert answer.status_code == 302, answer.content


def ask_for_leave(visitor) -> None:
    client = visitor(HOST)
    login = {"username": OWNER, "password": PASSWORD}
    assert client.post("/accounts/sign-in", login).status_code == 302
    day = (clock.now().date() + timedelta(days=20)).isoformat()
    form = {"kind": "holiday", "start_date": day, "end_date": day, "reason": ""}
    answer = client.post("/leave/new/", form)
    assert answer.status_code == 302, answer.content
    assert "Waiting for approval" in client.get(answer["Location"]).text


def test_the_same_by_pages(public, code, visitor):
    form = {"email": OWNER, "name": "Fresh Start", "slug": SLUG}
    assert public.post("/signup/", form).status_code == 302
    answer = public.post("/signup/verify/", {"code": code()})
    assert answer.status_code == 302, answer.content
    scheduler.run_all_inline()
    page = public.get(answer["Location"])
    assert page.status_code == 200
    assert HOST in page.text
    assert visitor(HOST).get("/accounts/sign-in").status_code == 200


def test_a_wrong_code_makes_no_tenant(public, code, visitor):
    form = {"email": OWNER, "name": "Fresh Start", "slug": SLUG}
    public.post("/signup/", form)
    wrong = "AAAAAA" if code() != "AAAAAA" else "BBBBBB"
    assert public.post("/signup/verify/", {"code": wrong}).status_code == 422
    scheduler.run_all_inline()
    assert visitor(HOST).get("/accounts/sign-in").status_code == 404


def test_the_new_owner_is_nobody_elsewhere(public, code, visitor):
    test_the_same_by_pages(public, code, visitor)
    with use(twins.info("acme")):
        assert not User.objects.filter(email_norm=OWNER).exists()
