"""The mails of the process: who is told what, in whose name."""

import pytest

from accounts.models import MailMessage
from leave.notices import tell_requester
from leave.standing import items_of


def leave_mails():
    return MailMessage.objects.filter(template__startswith="leave/")


def test_the_employee_is_told_when_the_days_are_filed(
    asked, finish, bob, carol, mailbox
):
    finish(asked, bob, "APPROVED")
    assert not leave_mails().exists()
    finish(asked, carol)
    letter = next(one for one in mailbox() if "filed" in one.subject)
    assert letter.to == ["alice@acme.test"]
    assert "Acme" in letter.sender
    assert letter.subject == f"Your leave is filed: {asked.span}"
    assert f"/leave/{asked.pk}/" in letter.text
    assert f"/leave/{asked.pk}/" in letter.html


def test_a_refusal_is_mailed_at_once(asked, finish, bob, mailbox):
    finish(asked, bob, "REJECTED")
    letter = next(one for one in mailbox() if "refused" in one.subject)
    assert letter.to == ["alice@acme.test"]
    assert "Bob Acme refused these days." in letter.text


def test_a_second_run_of_the_same_work_sends_nothing(asked):
    item = items_of(asked).first()
    for _ in range(2):
        tell_requester("leave/filed", asked, item)
    assert leave_mails().count() == 1


def test_what_a_person_typed_is_escaped_in_the_html(asked, finish, bob, mailbox, alice):
    alice.first_name = "Al & Ice"
    alice.save()
    finish(asked, bob, "REJECTED")
    letter = next(one for one in mailbox() if "refused" in one.subject)
    assert "Hello Al & Ice," in letter.text
    assert "Hello Al &amp; Ice," in letter.html


def test_a_refused_step_writes_no_mail(asked, bob):
    item = items_of(asked).open().get()
    item.activate(bob)
    with pytest.raises(Exception, match="accepted are"):
        item.complete(bob, condition="MAYBE")
    assert not leave_mails().exists()
