"""GET and PUT of the branding, its logos and its addresses for answers."""

import json
from datetime import timedelta

import pytest

from accounts import api_tokens, branding, service_accounts
from accounts.branding import changing, logos
from accounts.models import Challenge, MailMessage, SecurityEvent, TenantBranding
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import wrong
from tests.accounts.pictures import picture

PATH = "/api/accounts/branding"


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.ACCOUNTS_LIMITS = {"code_mail.minute": (100, 60)}


@pytest.fixture
def put(api):
    client = api("admin")

    def send(body, path=PATH):
        return client.put(path, json.dumps(body), content_type="application/json")

    send.client = client
    return send


@pytest.fixture
def ask(api):
    client = api("admin")

    def send(path, body):
        return client.post(
            f"{PATH}/{path}", json.dumps(body), content_type="application/json"
        )

    return send


@pytest.fixture
def mails(acme):
    """Return a counter of the mails that were written since."""
    with use(acme):
        before = MailMessage.objects.count()

    def count() -> int:
        with use(acme):
            return MailMessage.objects.count() - before

    return count


def row(tenant):
    with use(tenant):
        return TenantBranding.objects.get()


def test_the_answer_holds_what_is_stored_and_what_it_falls_back_to(put):
    answer = put.client.get(PATH)
    assert answer.status_code == 200
    found = answer.json()
    assert found["effective"]["name"] == "Acme"
    assert set(found["effective"]["light"]) == set(found["effective"]["dark"])
    assert found["onPrimary"] == ""
    assert found["replyTo"] == []
    assert found["mailEnabled"] is True


def test_fields_that_are_left_out_stay_and_null_falls_back(put, acme):
    assert put({"name": "Acme Ltd", "accent": "#7c2d12"}).status_code == 200
    assert put({"footer": "1 Canyon Road"}).status_code == 200
    assert row(acme).name == "Acme Ltd"
    answer = put({"name": None})
    assert answer.json()["name"] == ""
    assert answer.json()["effective"]["name"] == "Acme"
    assert row(acme).footer == "1 Canyon Road"


def test_a_change_leaves_an_event_that_names_the_fields(put, acme, admin):
    put({"name": "Acme Ltd", "timeZone": "Europe/Berlin"})
    put({"name": "Acme Ltd"})
    with use(acme):
        event = SecurityEvent.objects.get(name="branding.changed")
    assert event.details == {"fields": ["name", "time_zone"]}
    assert (event.actor, event.via) == (admin.pk, "token")


def test_a_change_by_a_program_is_told_from_one_by_a_person(acme, admin, visitor):
    with use(acme):
        made = api_tokens.create(
            owner=admin, name="Painter", scopes_named=["branding:write"]
        )
    program = visitor(authorization=f"Bearer {made.text}")
    program.put(PATH, json.dumps({"name": "New"}), content_type="application/json")
    with use(acme):
        event = SecurityEvent.objects.get(name="branding.changed")
    assert (event.actor, event.via) == (admin.pk, "api_token")


def test_nothing_is_saved_where_one_field_is_wrong(put, acme):
    before = row(acme)
    answer = put({"name": "New", "accent": "#ffff00", "language": "de"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["code"] == "contrast_too_low"
    (error,) = found["errors"]
    assert set(error) == {"field", "message", "ratio", "needed", "nearest"}
    assert put({"accent": error["nearest"]}).status_code == 200
    assert (row(acme).name, row(acme).language) == (before.name, before.language)


def test_other_mistakes_have_a_code_of_their_own(put):
    answer = put({"name": "x" * 81, "accent": "#ffff00"})
    assert answer.json()["code"] == "branding_invalid"


@pytest.mark.parametrize(
    "body",
    [
        {"name": 1},
        {"mailEnabled": "perhaps"},
        {"replyTo": "a@x.test"},
        {"registrationDomains": [None]},
        {"name": "\ud800"},
        {"footer": "x" * 5000},
    ],
)
def test_a_wrong_shape_is_no_fault_of_ours(put, body):
    answer = put(body)
    assert answer.status_code == 422, answer.content


def test_of_two_at_once_the_second_is_told(put, acme):
    version = put.client.get(PATH).json()["version"]
    assert put({"name": "One", "version": version}).status_code == 200
    answer = put({"name": "Two", "version": version})
    assert answer.status_code == 409
    assert answer.json()["code"] == "branding_changed"
    assert row(acme).name == "One"


@pytest.mark.parametrize("username", ["alice", "bob"])
def test_a33_a_member_sees_and_changes_nothing(api, username, acme, mails):
    client = api(username)
    before = row(acme)
    assert client.get(PATH).status_code == 403
    tried = [
        client.put(PATH, '{"name": "x"}', content_type="application/json"),
        client.put(f"{PATH}/logo", picture(), content_type="image/png"),
        client.delete(f"{PATH}/logo"),
        client.post(f"{PATH}/reply-to", '{"email": "a@x.test"}', "application/json"),
    ]
    assert {answer.status_code for answer in tried} == {403}
    assert row(acme).name == before.name
    assert mails() == 0


def test_a_stranger_is_asked_to_sign_in(visitor, db):
    assert visitor().get(PATH).status_code == 401


def test_a32_a_change_at_acme_is_no_change_at_globex(put, globex):
    before = row(globex)
    put({"name": "Acme Ltd", "footer": "Acme only"})
    after = row(globex)
    assert (after.name, after.footer) == (before.name, before.footer)


def test_a_logo_is_put_shown_and_removed(put, acme, visitor):
    answer = put.client.put(
        f"{PATH}/logo?variant=dark", picture("WEBP"), content_type="image/webp"
    )
    assert answer.status_code == 200
    path = answer.json()["logoDark"]
    assert answer.json()["logo"] == ""
    assert visitor().get(path).status_code == 200
    assert put.client.delete(f"{PATH}/logo?variant=dark").json()["logoDark"] == ""
    assert visitor().get(path).status_code == 404


def test_a_logo_that_is_none_is_a_clear_refusal(put, acme):
    upload = put.client.put
    answer = upload(f"{PATH}/logo", b"<svg/>", content_type="image/svg+xml")
    assert (answer.status_code, answer.json()["code"]) == (400, "logo_invalid")
    heavy = upload(f"{PATH}/logo", b"x" * 600_000, content_type="image/png")
    assert (heavy.status_code, heavy.json()["code"]) == (400, "logo_too_large")
    huge = upload(f"{PATH}/logo", b"x" * 1_100_000, content_type="image/png")
    assert huge.status_code == 413
    other = upload(f"{PATH}/logo?variant=x", picture(), content_type="image/png")
    assert other.status_code == 422
    assert row(acme).logo == ""


def test_an_address_for_answers_is_used_after_its_code(ask, acme, code_for, letters):
    asked = ask("reply-to", {"email": "Help@acme.test"})
    assert asked.status_code == 202
    flow = asked.json()["flow"]
    assert row(acme).reply_to == []
    code = code_for("Help@acme.test")
    body = {"email": "help@acme.test", "flow": flow, "code": code}
    refused = ask("reply-to/confirm", {**body, "code": wrong(code)})
    assert (refused.status_code, refused.json()["code"]) == (400, "code_invalid")
    assert ask("reply-to/confirm", body).json()["replyTo"] == ["Help@acme.test"]
    assert ask("reply-to/confirm", body).status_code == 400
    again = ask("reply-to", {"email": "HELP@acme.test"})
    assert again.json()["code"] == "branding_invalid"
    with use(acme):
        assert branding.current().reply_to == ("Help@acme.test",)
        event = SecurityEvent.objects.get(name="branding.changed")
        assert event.details["added"] == "h***p@acme.test"


def test_a_code_for_answers_opens_nothing_else(ask, acme, code_for, post, admin):
    flow = ask("reply-to", {"email": "admin@acme.test"}).json()["flow"]
    code = code_for("admin@acme.test")
    answer = post(
        "/api/accounts/verify-code",
        {"email": "admin@acme.test", "code": code, "flow": flow},
    )
    assert answer.status_code == 202
    assert "ticket" not in answer.json()
    with use(acme):
        tickets = Challenge.objects.filter(purpose=Challenge.Purpose.RESET_TICKET)
        assert not tickets.exists()


def test_another_administrator_cannot_use_the_code(ask, acme, code_for, api, person):
    flow = ask("reply-to", {"email": "help@acme.test"}).json()["flow"]
    code = code_for("help@acme.test")
    with use(acme):
        bob = person("bob")
        bob.role = "admin"
        bob.save(update_fields=["role"])
    answer = api("bob").post(
        f"{PATH}/reply-to/confirm",
        json.dumps({"email": "help@acme.test", "flow": flow, "code": code}),
        content_type="application/json",
    )
    assert answer.json()["code"] == "code_invalid"
    assert row(acme).reply_to == []


def test_a10_a_code_for_answers_ends_after_ten_minutes(
    ask, acme, code_for, frozen_clock
):
    flow = ask("reply-to", {"email": "help@acme.test"}).json()["flow"]
    code = code_for("help@acme.test")
    clock.advance(timedelta(minutes=10, seconds=1))
    body = {"email": "help@acme.test", "flow": flow, "code": code}
    assert ask("reply-to/confirm", body).json()["code"] == "code_expired"


def test_there_are_three_addresses_at_most_and_each_can_be_removed(ask, put, acme):
    three = ["a@acme.test", "b@acme.test", "c@acme.test"]
    with use(acme):
        TenantBranding.objects.update(reply_to=three)
    fourth = ask("reply-to", {"email": "d@acme.test"})
    assert fourth.json()["code"] == "branding_invalid"
    assert put({"replyTo": [*three[1:], "d@acme.test"]}).status_code == 400
    assert put({"replyTo": three[::-1][:2]}).status_code == 200
    assert row(acme).reply_to == ["c@acme.test", "b@acme.test"]


@pytest.mark.parametrize("address", ["nonsense", "a@x.test\r\nBcc: b@x.test", "a@b\0c"])
def test_a34_no_header_is_made_of_an_address(ask, mails, address):
    assert ask("reply-to", {"email": address}).status_code in {400, 422}
    assert mails() == 0


def test_one_address_gets_one_code_a_minute(ask, settings):
    settings.ACCOUNTS_LIMITS = {}
    assert ask("reply-to", {"email": "help@acme.test"}).status_code == 202
    assert ask("reply-to", {"email": "help@acme.test"}).status_code == 429


def test_a_logos_name_in_the_row_never_leads_to_another_file(acme):
    with use(acme):
        TenantBranding.objects.update(logo="../keys/private.pem")
        assert branding.current().logo == ""
        assert logos.path_of("branding/logo-x.png") == ""


@pytest.mark.parametrize(
    "body",
    [
        {"registrationPolicy": "open"},
        {"registrationPolicy": None},
        {"registrationDomains": ["evil.test"]},
        {"mailEnabled": False},
        {"name": "New", "mailEnabled": True},
    ],
    ids=str,
)
def test_no_api_token_decides_who_gets_in(acme, admin, visitor, body):
    with use(acme):
        new = api_tokens.create(owner=admin, name="x", scopes_named=["branding:write"])
        TenantBranding.objects.update(registration_policy="invite_only")
    before = row(acme)
    program = visitor(authorization=f"Bearer {new.text}")
    answer = program.put(PATH, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert changing.values_of(row(acme)) == changing.values_of(before)
    with use(acme):
        assert not SecurityEvent.objects.filter(name="branding.changed").exists()


def test_the_token_of_a_service_account_does_not_decide_it_either(acme, visitor):
    with use(acme):
        robot = service_accounts.create(name="robot", permissions=["branding.manage"])
        new = api_tokens.create(owner=robot, name="x", scopes_named=["branding:write"])
    program = visitor(authorization=f"Bearer {new.text}")
    refused, taken = (
        program.put(PATH, json.dumps(body), content_type="application/json")
        for body in ({"registrationPolicy": "open"}, {"name": "New"})
    )
    assert refused.json()["code"] == "scope_missing"
    assert taken.status_code == 200


def test_a_person_decides_who_gets_in(put, acme):
    body = {"registrationPolicy": "domains", "registrationDomains": ["example.com"]}
    assert put(body).status_code == 200
    assert put({"mailEnabled": False}).status_code == 200
    assert row(acme).registration_policy == "domains"
