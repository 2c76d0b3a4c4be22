"""Who leaves is taken out of the mails, with the addresses of former years."""

import pytest

from accounts import email_change, lifecycle, mail, notices, people
from accounts.mail import outbox
from accounts.models import MailMessage, User
from accounts.services.email import send_email
from tenants.context import use

OLD, NEWER, NEWEST = "bob@acme.test", "bob@old.example", "robert@new.example"


@pytest.fixture
def bob(clean) -> User:
    return User.objects.get(username="bob")


def naming(address: str) -> list[MailMessage]:
    rows = MailMessage.objects.order_by("pk")
    return [
        row for row in rows if address in f"{row.to}{row.cc}{row.bcc}{row.reply_to}"
    ]


def move(user: User, *addresses: str) -> None:
    for address in addresses:
        email_change.change_at_once(user, address)


def test_a_person_is_taken_out_under_every_address_there_was(bob):
    notices.password_changed(bob)
    move(bob, NEWER)
    notices.password_changed(bob)
    move(bob, NEWEST)
    for address in (OLD, NEWER, NEWEST):
        assert naming(address)
    lifecycle.anonymise(bob, by=bob)
    for address in (OLD, NEWER, NEWEST):
        assert not naming(address)
    assert not MailMessage.objects.exclude(context={}).exists()


def test_a_mail_of_several_keeps_the_others(bob):
    send_email([OLD, "carol@acme.test"], "Hello", "<p>x</p>", reply_to=OLD)
    message = MailMessage.objects.latest("id")
    move(bob, NEWER)
    lifecycle.anonymise(bob, by=bob)
    message.refresh_from_db()
    assert (message.to, message.reply_to) == (["carol@acme.test"], [])
    assert message.html == "<p>x</p>"


def test_a_mail_that_waits_for_the_earlier_address_goes_to_nobody(bob, smtp):
    notices.password_changed(bob)
    move(bob, NEWER)
    lifecycle.anonymise(bob, by=bob)
    outbox.run_due(10)
    assert smtp.taken == []


def test_who_has_the_earlier_address_now_keeps_what_was_written_since(bob, smtp):
    notices.password_changed(bob)
    outbox.run_due(10)
    move(bob, NEWER)
    successor = people.create_person(username="bobby", email=OLD)
    notices.password_changed(successor)
    theirs = MailMessage.objects.latest("id")
    lifecycle.anonymise(bob, by=bob)
    assert naming(OLD)[-1] == theirs
    smtp.taken.clear()
    outbox.run_due(10)
    assert OLD in [to for envelope in smtp.taken for to in envelope.rcpt_tos]


def test_the_same_address_at_another_tenant_is_another_persons(bob, globex):
    with use(globex):
        mail.put("accounts/test_message", to=OLD)
    move(bob, NEWER)
    lifecycle.anonymise(bob, by=bob)
    with use(globex):
        assert naming(OLD)


def test_the_notice_of_another_account_tells_nothing_of_this_one(bob):
    carol = User.objects.get(username="carol")
    move(carol, "carol@old.example")
    lifecycle.anonymise(bob, by=bob)
    assert naming("carol@old.example")
    assert naming("carol@acme.test")
