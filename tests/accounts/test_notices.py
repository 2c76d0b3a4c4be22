"""What people are told of their accounts: to which mailbox, with what, for how long."""

from datetime import timedelta

import pytest

from accounts import challenges, code_mails, notices
from accounts.mail import trying
from accounts.models import ApiToken, Challenge, Invitation, MailMessage, User
from kernel import clock


@pytest.fixture
def newest(in_acme):
    def find() -> MailMessage:
        return MailMessage.objects.latest("id")

    return find


def test_a18_both_mailboxes_hear_of_a_new_address_in_words_of_their_own(
    newest, alice, letters
):
    new = "alice.new@acme.test"
    notices.email_changed(alice, to=alice.email, new_address=new)
    assert newest().context["is_old"] is True
    notices.email_changed(alice, to=new, new_address=new)
    assert newest().context["is_old"] is False
    (old,) = letters(alice.email)
    assert "a***w@acme.test" in old.text
    assert new not in old.text
    assert "/accounts/forgot" not in old.text
    (told,) = letters(new)
    assert "/accounts/forgot" in told.text


@pytest.mark.parametrize("change", ["added", "removed", "recovery_codes", "reset"])
def test_a18_each_change_of_the_second_step_is_told(newest, alice, letters, change):
    notices.mfa_changed(alice, change)
    assert newest().is_secret is False
    (letter,) = letters(alice.email)
    assert "second step" in letter.subject


def test_a_new_device_is_told_in_the_time_of_its_owner(newest, alice, letters):
    alice.time_zone = "Asia/Tokyo"
    notices.new_device(alice, "Firefox, Linux")
    (letter,) = letters(alice.email)
    assert "Firefox, Linux" in letter.text
    assert "(Asia/Tokyo)" in letter.text


def token_of(user: User, by: User) -> ApiToken:
    end = clock.now() + timedelta(days=3)
    return ApiToken(user=user, created_by=by, name="Nightly", expires_at=end)


def test_whose_token_ends_is_told_and_for_a_service_whoever_made_it(
    newest, alice, admin
):
    notices.token_expiring(token_of(alice, admin), 3)
    assert newest().to == [alice.email]
    service = User(kind=User.Kind.SERVICE, username="nightly")
    notices.token_expiring(token_of(service, admin), 3)
    assert newest().to == [admin.email]
    notices.token_expiring(token_of(service, None), 3)
    assert newest().to == [admin.email]


def test_an_invitation_carries_its_secret_encrypted_and_dies_with_it(
    newest, admin, letters
):
    invitation = Invitation.objects.create(
        email="carl@acme.test",
        email_norm="carl@acme.test",
        role="admin",
        language="de",
        invited_by=admin,
        token_hash=b"x" * 32,
        expires_at=clock.now() + timedelta(days=7),
    )
    code_mails.send_invitation(invitation, "secret-of-the-link")
    message = newest()
    assert message.is_secret
    assert "secret-of-the-link" not in str(message.context)
    assert message.expires_at == invitation.expires_at
    (letter,) = letters("carl@acme.test")
    assert "/accounts/invitation#token=secret-of-the-link" in letter.text
    assert "Admin Acme hat Sie zu Acme eingeladen." in letter.text
    assert "„Administrator“" in letter.text
    assert "7 Tage" in letter.text


def test_a_code_for_a_new_address_goes_to_the_new_address(newest, alice, letters):
    new = challenges.issue_code(
        Challenge.Purpose.EMAIL_CHANGE,
        email_norm="new@acme.test",
        flow=challenges.new_flow(),
        user=alice,
    )
    code_mails.send_email_change(new, to="new@acme.test", language="en")
    assert newest().expires_at == new.challenge.expires_at
    (letter,) = letters("new@acme.test")
    assert new.code in letter.text
    assert new.code not in letter.subject
    assert letters(alice.email) == []


def test_a_test_mail_goes_where_it_is_sent_to(newest, admin, letters):
    trying.send_test("somebody@acme.test", person=admin.display_name)
    (letter,) = letters("somebody@acme.test")
    assert "Admin Acme sent this mail from the settings" in letter.text
