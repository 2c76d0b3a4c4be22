"""The rows of mails hold addresses, so they go too, some time after their end."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import conf, mail, purging
from accounts.mail import outbox
from accounts.mail.composing import put_nothing
from accounts.models import MailAttachment, MailMessage
from accounts.services.email import send_email
from kernel import clock
from tenants.context import use

BOB = "bob@acme.test"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
State = MailMessage.State
ENDS = (State.SENT, State.FAILED, State.EXPIRED, State.SUPPRESSED)


def written(**values) -> MailMessage:
    send_email(BOB, "Hello", "<p>Hello</p>", **values)
    return MailMessage.objects.latest("id")


def purged() -> int:
    return purging.run()["mails"]


def test_a_sent_mail_goes_180_days_after_it_was_sent(clean, frozen_clock):
    message = written()
    clock.advance(timedelta(hours=1))
    outbox.run_due(10)
    clock.advance(180 * DAY)
    assert purged() == 0
    clock.advance(SECOND)
    assert purged() == 1
    assert not MailMessage.objects.filter(pk=message.pk).exists()


@pytest.mark.parametrize("state", ENDS)
def test_a_mail_goes_whatever_its_end_was(clean, frozen_clock, state):
    message = written()
    MailMessage.objects.filter(pk=message.pk).update(state=state)
    clock.advance(181 * DAY)
    assert purged() == 1


@pytest.mark.parametrize("state", ["queued", "deferred", "sending"])
def test_a_mail_on_its_way_stays_however_old_it_is(clean, frozen_clock, state):
    message = written()
    MailMessage.objects.filter(pk=message.pk).update(state=state)
    clock.advance(1_000 * DAY)
    assert purged() == 0


def test_decoys_and_mails_that_could_not_be_written_go_as_well(clean, frozen_clock):
    put_nothing()
    outbox.run_due(10)
    send_email("nobody", "Hello", "<p>Hello</p>")
    assert MailMessage.objects.count() == 2
    clock.advance(181 * DAY)
    assert purged() == 2


def test_the_files_of_a_mail_that_failed_go_with_it(clean, frozen_clock):
    file = ("offer.txt", b"content", "text/plain")
    failed, young = written(attachments=[file]), written(attachments=[file])
    MailMessage.objects.filter(pk=failed.pk).update(state=State.FAILED)
    clock.advance(181 * DAY)
    assert purged() == 1
    assert MailAttachment.objects.get().message_id == young.pk


def test_many_go_in_batches_the_oldest_first(clean, frozen_clock):
    rows = [written() for _ in range(5)]
    MailMessage.objects.update(state=State.SENT)
    clock.advance(181 * DAY)
    gone = [purging.run(limit=2)["mails"] for _ in range(2)]
    assert gone == [2, 2]
    assert MailMessage.objects.get().pk == rows[-1].pk
    assert purging.run(limit=2)["mails"] == 1


def test_the_days_are_a_setting(clean, frozen_clock, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "MAIL_LOG_DAYS": 40}
    written()
    outbox.run_due(10)
    clock.advance(40 * DAY + SECOND)
    assert purged() == 1


@pytest.mark.parametrize("days", [0, 29, 3651, "180", True, None])
def test_days_that_cannot_be_stop_the_start(settings, days):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "MAIL_LOG_DAYS": days}
    with pytest.raises(ImproperlyConfigured, match="MAIL_LOG_DAYS"):
        conf.current()


def test_the_worker_is_woken_when_the_first_mail_has_come_of_age(clean, frozen_clock):
    purging.run()
    first = written()
    for _ in range(3):
        written()
    outbox.run_due(10)
    others = MailMessage.objects.exclude(pk=first.pk)
    others.update(sent_at=clock.now() + DAY)
    ((due,),) = purging.MAILS.next_one()
    assert due == clock.now() + purging.MAILS.life + purging.PAUSE
    clock.advance(181 * DAY)
    assert purging.next_due() <= clock.now()
    assert purging.run_due(1_000) > 0


def test_the_first_mail_is_found_without_reading_the_others(clean):
    for _ in range(3):
        written()
    outbox.run_due(10)
    with CaptureQueriesContext(connection) as captured:
        list(purging.MAILS.next_one())
    (query,) = captured.captured_queries
    assert query["sql"].endswith('ORDER BY "accounts_mailmessage"."id" ASC LIMIT 1')


def test_another_tenants_mails_are_not_touched(clean, globex, frozen_clock):
    with use(globex):
        MailMessage.objects.all().delete()
        theirs = written()
        outbox.run_due(10)
    clock.advance(181 * DAY)
    purging.run()
    with use(globex):
        assert MailMessage.objects.filter(pk=theirs.pk).exists()


def test_a_key_sends_once_for_as_long_as_its_mail_is_kept_and_anew_after_it(
    clean, frozen_clock
):
    def put() -> MailMessage:
        return mail.put("accounts/test_message", to=BOB, idempotency_key="invoice:7")

    first = put()
    outbox.run_due(10)
    clock.advance(180 * DAY)
    purging.run()
    assert put().pk == first.pk
    clock.advance(SECOND)
    purging.run()
    again = put()
    assert (again.pk != first.pk, again.state) == (True, State.QUEUED)
