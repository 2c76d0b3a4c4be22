"""The files of a mail are rows: all or nothing with it, and gone when it has left."""

import os
from pathlib import Path

import pytest
from django.conf import settings as live
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.mail import outbox
from accounts.mail.attachments import MOST_BYTES
from accounts.models import MailAttachment, MailMessage
from accounts.services.email import send_email
from tenants.context import use

BOB = "bob@acme.test"
FILE = ("offer.pdf", b"%PDF the offer", "application/pdf")
TOASTED = """
SELECT pg_relation_size(c.oid), pg_relation_size(c.reltoastrelid)
FROM pg_class c WHERE c.oid = 'accounts_mailattachment'::regclass
"""


class Failure(Exception):
    """Something in the middle of somebody's transaction."""


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def send(**more) -> MailMessage:
    send_email(BOB, "Offer", "<p>See the file.</p>", [FILE], **more)
    return MailMessage.objects.latest("id")


def roll_back() -> None:
    with transaction.atomic():
        send()
        raise Failure


def sizes() -> tuple[int, int]:
    with connection.cursor() as cursor:
        return cursor.execute(TOASTED).fetchone()


def test_a_roll_back_leaves_neither_mail_nor_file(clean):
    with pytest.raises(Failure):
        roll_back()
    assert not MailMessage.objects.exists()
    assert not MailAttachment.objects.exists()
    assert not Path(live.MEDIA_ROOT).exists()


def test_a_file_that_is_refused_leaves_no_other_file_of_its_mail(clean):
    send_email(BOB, "Offer", "<p>x</p>", [FILE, ("bad\n", b"x", "text/plain")])
    assert MailMessage.objects.get().state == "failed"
    assert not MailAttachment.objects.exists()


@pytest.mark.parametrize("secret", [False, True])
def test_the_bytes_are_gone_in_the_transaction_that_says_sent(clean, smtp, secret):
    message = send(secret=secret)
    (claimed,) = outbox.claim(1)
    with CaptureQueriesContext(connection) as captured:
        outbox.deliver(claimed)
    said = [one["sql"] for one in captured.captured_queries]
    told = next(n for n, sql in enumerate(said) if "'sent'" in sql)
    gone = next(n for n, sql in enumerate(said) if sql.startswith("DELETE"))
    between = " ".join(said[told : gone + 1])
    assert "RELEASE" not in between
    assert '"content"' not in between
    message.refresh_from_db()
    assert message.state == "sent"
    assert not MailAttachment.objects.exists()
    (part,) = smtp.message().iter_attachments()
    assert part.get_payload(decode=True) == FILE[1]


def test_a_mail_that_may_not_leave_keeps_no_file(clean, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    send()
    outbox.run_due(10)
    assert MailMessage.objects.get().state == "suppressed"
    assert not MailAttachment.objects.exists()


def test_bytes_that_a_failed_move_could_not_delete_are_still_its_mails(
    clean, smtp, monkeypatch
):
    """Neither half happens alone: the server's yes is asked for again."""
    send()
    (claimed,) = outbox.claim(1)

    def fail(*args: object, **kwargs: object) -> None:
        raise Failure

    with monkeypatch.context() as patch:
        patch.setattr(outbox.changes, "announce", fail)
        with pytest.raises(Failure):
            outbox.deliver(claimed)
    assert MailMessage.objects.get().state == "sending"
    assert MailAttachment.objects.count() == 1


def test_the_largest_mail_fits_and_lies_beside_the_table(clean, smtp):
    heap, beside = sizes()
    content = os.urandom(MOST_BYTES)
    send_email(BOB, "Big", "<p>x</p>", [("a.bin", content, "application/x-bin")])
    bigger_heap, bigger_beside = sizes()
    assert bigger_heap - heap <= 8192
    assert bigger_beside - beside >= MOST_BYTES
    outbox.run_due(1)
    (part,) = smtp.message().iter_attachments()
    assert part.get_payload(decode=True) == content
    assert not MailAttachment.objects.exists()


def test_taking_mails_reads_no_file(clean):
    send()
    with CaptureQueriesContext(connection) as captured:
        outbox.claim(10)
    assert "attachment" not in str(captured.captured_queries)


def test_a_file_of_acme_is_in_no_table_of_globex(clean, globex):
    send()
    with use(globex):
        assert not MailAttachment.objects.filter(name=FILE[0]).exists()
