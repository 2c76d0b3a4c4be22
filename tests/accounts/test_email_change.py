"""Another address: a code to the new one, a notice to both, a fresh proof before."""

from datetime import timedelta

import pytest

from accounts import challenges, roles, sign_out
from accounts.models import Challenge, MailMessage, User
from accounts.services.auth_flow import update_user, verify_reset_code
from kernel import clock
from tenants.context import use
from tests import twins
from tests.accounts.conftest import code_in, wrong

USER, VERIFY = "/api/accounts/user", "/api/accounts/verify-code"
JSON = "application/json"
OLD, NEW = "bob@acme.test", "robert@example.com"


def ask(client, **body):
    return client.patch(USER, {"email": NEW, **body}, content_type=JSON)


def address_of(acme) -> str:
    with use(acme):
        return User.objects.get(username="bob").email


def test_a18_the_new_address_holds_after_its_code_and_both_are_told(
    api, letters, acme, post
):
    client = api("bob")
    answer = ask(client)
    assert answer.json()["email_pending"] is True
    assert address_of(acme) == OLD
    flow, code = answer.json()["flow"], code_in(letters(NEW)[0])
    sent = {"email": NEW, "code": code, "flow": flow}
    verified = post(VERIFY, sent)
    assert verified.json() == {"detail": "Code verified.", "purpose": "email_change"}
    assert address_of(acme) == NEW
    for mailbox in (OLD, NEW):
        subject = letters(mailbox)[0].subject
        assert subject == "The address of your account at Acme was changed"
    assert NEW not in letters(OLD)[0].text
    assert client.get(USER).status_code == 200
    assert post(VERIFY, sent).json()["code"] == "code_invalid"


def test_a20_an_older_sign_in_needs_the_password(api, frozen_clock, letters):
    client = api("bob")
    clock.advance(timedelta(minutes=10, seconds=1))
    for password in (None, "", "wrong"):
        answer = ask(client, currentPassword=password)
        assert answer.status_code == 403
        assert answer.json()["code"] == "reauthentication_required"
    assert not letters(NEW)
    assert ask(client, currentPassword=twins.PASSWORD).status_code == 200
    assert letters(NEW)


def test_a_wrong_password_is_refused_though_the_sign_in_is_fresh(api):
    answer = ask(api("bob"), currentPassword="wrong")
    assert answer.json()["code"] == "reauthentication_required"


def test_a16_an_address_that_is_taken_gets_the_same_answer_and_no_mail(
    api, letters, acme, post
):
    answer = ask(api("bob"), email="ALICE@acme.test")
    assert (answer.status_code, answer.json()["email_pending"]) == (200, True)
    assert not letters("alice@acme.test")
    with use(acme):
        assert Challenge.objects.get(purpose="email_change").user is None
    sent = {"email": "alice@acme.test", "code": "ABCDEF", "flow": answer.json()["flow"]}
    assert post(VERIFY, sent).json()["attempts_remaining"] == 2


def test_an_address_that_was_taken_in_the_meantime_is_refused(api, letters, acme, post):
    flow = ask(api("bob")).json()["flow"]
    code = code_in(letters(NEW)[0])
    with use(acme):
        User.objects.create_user("other", NEW)
    answer = post(VERIFY, {"email": NEW, "code": code, "flow": flow})
    assert answer.json()["code"] == "code_invalid"
    assert address_of(acme) == OLD


def test_a_person_who_was_deactivated_gets_no_new_address(
    api, letters, acme, post, admin
):
    flow = ask(api("bob")).json()["flow"]
    code = code_in(letters(NEW)[0])
    from accounts import lifecycle

    with use(acme):
        lifecycle.deactivate(User.objects.get(username="bob"), by=admin)
    answer = post(VERIFY, {"email": NEW, "code": code, "flow": flow})
    assert answer.json()["code"] == "code_invalid"
    assert address_of(acme) == OLD


def test_a13_the_code_of_another_flow_moves_nothing(api, letters, post, acme):
    ask(api("bob"))
    other = ask(api("carol")).json()["flow"]
    code = code_in(letters(NEW)[-1])
    answer = post(VERIFY, {"email": NEW, "code": wrong(code), "flow": other})
    assert answer.json()["code"] == "code_invalid"
    assert address_of(acme) == OLD


def test_a_code_for_the_old_mailbox_opens_nothing_after_the_move(
    api, letters, post, acme
):
    forgot = post("/api/accounts/forgot-password", {"email": OLD}).json()["flow"]
    reset = code_in(letters(OLD)[0])
    flow = ask(api("bob")).json()["flow"]
    post(VERIFY, {"email": NEW, "code": code_in(letters(NEW)[0]), "flow": flow})
    answer = post(VERIFY, {"email": OLD, "code": reset, "flow": forgot})
    assert answer.json()["code"] == "code_invalid"


def test_the_user_name_follows_only_where_it_was_the_address(in_acme, letters):
    bob = User.objects.get(username="bob")
    owner = User.objects.get(username="owner@acme.test")
    assert update_user(bob, {"email": NEW}).success
    assert update_user(owner, {"email": "boss@example.com"}).success
    assert User.objects.get(pk=bob.pk).username == "bob"
    assert User.objects.get(pk=owner.pk).username == "boss@example.com"


def test_trusted_code_writes_an_address_at_once_and_unverified(in_acme, letters):
    bob = User.objects.get(username="bob")
    result = update_user(bob, {"email": NEW})
    assert (result.success, result.email_pending) == (True, False)
    bob.refresh_from_db()
    assert (bob.email, bob.is_email_verified) == (NEW, False)
    assert letters(OLD)
    assert letters(NEW)


def test_a_person_in_python_gets_a_code_and_the_sequence_needs_no_flow(
    in_acme, letters
):
    bob = User.objects.get(username="bob")
    result = update_user(bob, {"email": NEW}, by=bob)
    assert (result.success, result.email_pending) == (True, True)
    assert (
        verify_reset_code(email=NEW, code=code_in(letters(NEW)[0])).status_code == 200
    )
    bob.refresh_from_db()
    assert bob.email == NEW


def test_a_manager_is_told_of_a_taken_address(in_acme):
    admin, bob = (User.objects.get(username=name) for name in ("admin", "bob"))
    result = update_user(bob, {"email": "alice@acme.test"}, by=admin)
    assert (result.success, result.code) == (False, "user_exists")


def test_the_own_address_again_asks_for_nothing(api, acme):
    answer = ask(api("bob"), email="BOB@acme.test")
    assert answer.json() == {
        "detail": "User updated successfully.",
        "email_pending": False,
    }
    with use(acme):
        assert not MailMessage.objects.filter(category="email_change_code").exists()


def test_a_code_for_answers_or_an_unknown_purpose_earns_no_ticket(in_acme, post):
    bob = User.objects.get(username="bob")
    new = challenges.issue_code("reply_to", email_norm=OLD, flow="f", user=bob)
    answer = post(VERIFY, {"email": OLD, "code": new.code, "flow": "f"})
    assert answer.json()["code"] == "code_invalid"


@pytest.mark.parametrize("bad", ["a\nb@x.org", "a@[127.0.0.1]", f"{'a' * 65}@x.org"])
def test_w13_an_address_that_is_none_is_a_400(api, bad):
    assert ask(api("bob"), email=bad).json()["code"] == "email_invalid"


def test_a20_an_administrators_address_needs_a_fresh_proof_as_well(
    api, acme, alice, frozen_clock
):
    with use(acme):
        roles.set_role(alice, "admin")
    client = api("admin")
    clock.advance(timedelta(minutes=10, seconds=1))
    # The access token is good for 15 minutes.
    old = ask(client, id=alice.pk)
    assert (old.status_code, old.json()["code"]) == (403, "reauthentication_required")
    assert ask(client, id=alice.pk, currentPassword="open").status_code == 200


def test_an_address_that_a_thief_asked_for_dies_with_the_sign_out_everywhere(
    api, acme, letters, post, bob
):
    flow = ask(api("bob")).json()["flow"]
    code = code_in(letters(NEW)[0])
    with use(acme):
        sign_out.everywhere(bob)
    answer = post(VERIFY, {"email": NEW, "code": code, "flow": flow})
    assert answer.json()["code"] == "code_invalid"
    assert address_of(acme) == OLD
