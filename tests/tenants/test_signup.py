"""Sign-up by API: the form, the code, the set-up, the way in."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections

from accounts.mail.rendering import render
from accounts.models import MailMessage, User
from kernel import clock
from tenants import provisioning, signup
from tenants.context import use, use_control
from tenants.errors import CodeInvalid, CodeSpent, SlugTaken
from tenants.models import ProvisioningRun, RateCounter, SignupRequest, Tenant
from tests.tenants import seeds

PASSWORD = "four unlikely words indeed"
FORM = {"email": "alice@newcomer.test", "name": "Newcomer", "slug": "newcomer"}


@pytest.fixture
def public(visitor):
    return visitor("localhost")


def post(client, path: str, body: object, **headers: str):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(
        f"/api/signup{path}", text, content_type="application/json", **headers
    )


def ask(client, **changes: str):
    answer = post(client, "", {**FORM, **changes})
    assert answer.status_code == 202, answer.content
    return answer.json()


@use_control()
def mailed_code() -> str:
    """Return the code of the last mail, as its reader sees it."""
    message = MailMessage.objects.filter(template="tenants/signup_code").latest("pk")
    found = re.search(r"^\s+([A-Z2-9]{6})\s*$", render(message).text, re.MULTILINE)
    return found[1]


def wrong(code: str) -> str:
    return ("B" if code[0] == "A" else "A") + code[1:]


@use_control()
def mails() -> int:
    return MailMessage.objects.filter(template="tenants/signup_code").count()


@use_control()
def row(asked) -> SignupRequest:
    return SignupRequest.objects.get(pk=asked["id"])


def verify(client, asked, **changes: str):
    body = {"secret": asked["secret"], "code": "AAAAAA", **changes}
    return post(client, f"/{asked['id']}/verify", body)


def progress(client, asked, secret: str = ""):
    headers = {"x-signup-secret": secret or asked["secret"]}
    return client.get(f"/api/signup/{asked['id']}", headers=headers)


# The form


def test_sgn_2_a_form_gets_an_answer_and_a_code_and_reserves_nothing(public) -> None:
    asked = ask(public)
    assert set(asked) == {"id", "secret", "detail"}
    assert mails() == 1
    with use_control():
        assert not Tenant.objects.filter(slug="newcomer").exists()
        assert ProvisioningRun.objects.filter(slug="newcomer").count() == 0


def test_sgn_1_every_valid_form_gets_the_same_answer(public, acme) -> None:
    fresh = ask(public)
    taken = ask(public, slug="acme", email="owner@acme.test")
    assert fresh["detail"] == taken["detail"]
    assert mails() == 2


def test_code_and_secret_are_stored_as_hashes_only(public) -> None:
    asked = ask(public)
    code, stored = mailed_code(), row(asked)
    everything = repr(
        [bytes(v) if isinstance(v, memoryview) else v for v in vars(stored).values()]
    )
    assert asked["secret"] not in everything
    assert code not in everything


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "nobody"}, "email_invalid"),
        ({"email": "a\x00@newcomer.test"}, "email_invalid"),
        ({"email": "alice@newcomer.test\r\nBcc: bob@acme.test"}, "email_invalid"),
        ({"email": "x" * 250 + "@a.test"}, "invalid_body"),
        ({"name": ""}, "name_invalid"),
        ({"name": "Visit http://evil.test"}, "name_invalid"),
        ({"name": "a\nb"}, "name_invalid"),
        ({"name": "\x00"}, "name_invalid"),
        ({"slug": "admin"}, "slug_invalid"),
        ({"slug": "x"}, "slug_invalid"),
        ({"slug": "a--b"}, "slug_invalid"),
        ({"slug": "\x00abc"}, "slug_invalid"),
        ({"locale": "tlh"}, "locale_invalid"),
        ({"email": 7}, "invalid_body"),
        ({"slug": None}, "invalid_body"),
    ],
)
def test_a_wrong_form_is_refused_with_a_code(public, changes, code) -> None:
    answer = post(public, "", {**FORM, **changes})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert mails() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ("[]", 422), ("", 422), ("null", 422), ("\x00", 400)],
)
def test_a_body_that_is_no_form_is_refused(public, body, status) -> None:
    assert post(public, "", body).status_code == status


def test_a_filled_trap_gets_the_same_answer_and_no_mail(public) -> None:
    asked = ask(public, website="http://evil.test")
    assert set(asked) == {"id", "secret", "detail"}
    assert mails() == 0
    assert verify(public, asked).status_code == 404


def test_sgn_6_an_address_gets_five_codes_an_hour(public) -> None:
    for _number in range(5):
        ask(public)
    answer = post(public, "", FORM)
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_requests"
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert mails() == 5


def test_sgn_6_a_client_gets_twenty_forms_an_hour(public) -> None:
    for number in range(20):
        ask(public, email=f"alice{number}@newcomer.test")
    assert post(public, "", {**FORM, "email": "bob@newcomer.test"}).status_code == 429


def test_a_limit_counts_hashes_and_no_addresses(public) -> None:
    ask(public)
    with use_control():
        subjects = [bytes(counter.subject) for counter in RateCounter.objects.all()]
    assert len(subjects) == 2
    assert all(len(subject) == 32 for subject in subjects)


# The code


def test_sgn_3_the_right_code_reserves_the_slug_and_begins(public) -> None:
    asked = ask(public)
    answer = verify(public, asked, code=mailed_code().lower())
    assert (answer.status_code, answer.json()) == (202, {"state": "running"})
    with use_control():
        assert Tenant.objects.get(slug="newcomer").state == "provisioning"


def test_a_code_has_three_tries(public) -> None:
    asked = ask(public)
    code = mailed_code()
    for left in (2, 1):
        answer = verify(public, asked, code=wrong(code))
        assert answer.status_code == 422
        assert answer.json()["code"] == "code_invalid"
        assert answer.json()["attempts_left"] == left
    for attempt in (wrong(code), code):
        answer = verify(public, asked, code=attempt)
        assert answer.json()["code"] == "too_many_attempts"
    assert row(asked).verified_at is None


def test_a_code_lives_ten_minutes(public, frozen_clock) -> None:
    asked = ask(public)
    code = mailed_code()
    clock.advance(timedelta(minutes=10))
    assert verify(public, asked, code=code).json()["code"] == "code_expired"


def test_a_code_of_another_sign_up_is_worth_nothing(public) -> None:
    asked = ask(public)
    ask(public, slug="another")
    assert verify(public, asked, code=mailed_code()).json()["code"] == "code_invalid"


@pytest.mark.parametrize("code", ["", " ", "\x00", "\ud800", "Ä" * 6, "A" * 32])
def test_any_text_can_be_given_as_a_code(public, code) -> None:
    assert verify(public, ask(public), code=code).status_code == 422


def test_without_the_secret_a_sign_up_is_not_there(public) -> None:
    asked = ask(public)
    stranger = {**asked, "secret": "x" * 43}
    answers = [
        verify(public, stranger, code=mailed_code()),
        verify(public, {**asked, "id": str(uuid4())}),
        progress(public, stranger),
        progress(public, {**asked, "id": str(uuid4())}),
        public.get(f"/api/signup/{asked['id']}"),
        public.get("/api/signup/no-uuid"),
        post(public, f"/{asked['id']}/enter", {"secret": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 7
    assert row(asked).attempts_left == 3


def test_a_second_verification_goes_on_where_the_first_one_is(public) -> None:
    asked = ask(public)
    code = mailed_code()
    for _time in range(2):
        assert verify(public, asked, code=code).json() == {"state": "running"}
    with use_control():
        assert ProvisioningRun.objects.filter(slug="newcomer").count() == 1


def test_a_slug_that_has_gone_is_told_after_the_code_only(public, acme) -> None:
    asked = ask(public, slug="acme")
    answer = verify(public, asked, code=mailed_code())
    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    assert progress(public, asked).json()["state"] == "choosing"
    assert verify(public, asked, slug="admin").json()["code"] == "slug_invalid"
    assert verify(public, asked, slug="globex").json()["code"] == "slug_taken"
    assert verify(public, asked, slug="newcomer").json() == {"state": "running"}


# The set-up and the way in


def test_prv_4_progress_goes_step_by_step_to_the_way_in(
    public, visitor, transactional_db
) -> None:
    asked = ask(public)
    assert progress(public, asked).json() == {
        "state": "waiting",
        "steps": [],
        "url": None,
    }
    assert post(public, f"/{asked['id']}/enter", asked).status_code == 409
    verify(public, asked, code=mailed_code())
    seen = progress(public, asked).json()
    assert seen["state"] == "running"
    assert {step["state"] for step in seen["steps"]} == {"waiting"}
    provisioning.drive(row(asked).run_id)
    seen = progress(public, asked).json()
    assert (seen["state"], seen["url"]) == ("done", "http://newcomer.localhost:8000/")
    assert [step["state"] for step in seen["steps"]] == ["done"] * 6
    url = post(public, f"/{asked['id']}/enter", asked).json()["url"]
    assert url.startswith("http://newcomer.localhost:8000/accounts/set-password#")
    with use_control():
        tenant = Tenant.objects.get(slug="newcomer").info()
    with use(tenant):
        assert User.objects.get(role="owner").email == FORM["email"]


def test_sgn_7_the_first_owner_sets_a_password_on_the_new_host_alone(
    public, visitor, transactional_db
) -> None:
    asked = ask(public, password=PASSWORD, password_verify=PASSWORD)
    verify(public, asked, code=mailed_code(), password=PASSWORD)
    provisioning.drive(row(asked).run_id)
    with use_control():
        tenant = Tenant.objects.get(slug="newcomer").info()
        rows = [SignupRequest.objects.values(), ProvisioningRun.objects.values()]
        assert PASSWORD not in str([list(each) for each in rows])
    with use(tenant):
        assert not User.objects.get(role="owner").has_usable_password()
    url = post(public, f"/{asked['id']}/enter", asked).json()["url"]
    address, _, ticket = url.partition("#ticket=")
    assert address == "http://newcomer.localhost:8000/accounts/set-password"
    form = {"ticket": ticket, "password": PASSWORD, "password_verify": PASSWORD}
    page = visitor("newcomer.localhost")
    signing_in = {"username": FORM["email"], "password": PASSWORD}
    assert page.post("/accounts/sign-in", signing_in).status_code == 422
    assert public.post("/accounts/set-password", form).status_code == 404
    assert page.post("/accounts/set-password", form).status_code == 302
    assert page.post("/accounts/sign-in", signing_in).status_code == 302
    assert page.get("/leave/").status_code == 200


def test_a_set_up_that_failed_can_be_tried_again(
    public, settings, transactional_db
) -> None:
    settings.TENANT_PROVISIONING_STEPS = ["tests.tenants.seeds.break_down"]
    seeds.faults.update(left=4, error=RuntimeError("broken"))
    asked = ask(public)
    verify(public, asked, code=mailed_code())
    provisioning.drive(row(asked).run_id, pauses=(0, 0, 0))
    assert progress(public, asked).json()["state"] == "failed"
    assert verify(public, asked).json() == {"state": "running"}
    provisioning.drive(row(asked).run_id)
    assert progress(public, asked).json()["state"] == "done"


@pytest.mark.django_db(transaction=True)
def test_of_twenty_guesses_at_once_three_are_looked_at() -> None:
    asked = signup.ask(**FORM, client="127.0.0.1")
    code = mailed_code()

    def guess(_number: int) -> str:
        try:
            signup.verify(asked.id, secret=asked.secret, code=wrong(code))
        except (CodeInvalid, CodeSpent) as error:
            return error.code
        finally:
            connections.close_all()
        return "right"

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(guess, range(20)))
    assert set(results) <= {"code_invalid", "too_many_attempts"}
    assert results.count("code_invalid") <= 2
    with pytest.raises(CodeSpent):
        signup.verify(asked.id, secret=asked.secret, code=code)


@pytest.mark.django_db(transaction=True)
def test_of_two_sign_ups_for_one_slug_at_once_one_wins() -> None:
    sign_ups = [
        (signup.ask(**{**FORM, "email": email}, client="127.0.0.1"), mailed_code())
        for email in ("alice@newcomer.test", "bob@newcomer.test")
    ]

    def finish(one) -> str:
        asked, code = one
        try:
            return signup.verify(asked.id, secret=asked.secret, code=code).state
        except SlugTaken as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(finish, sign_ups)) == ["running", "slug_taken"]
