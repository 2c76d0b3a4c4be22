"""What a mail said is not kept: a secret until its end, the rest for thirty days."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import mail
from accounts.mail import outbox, retention
from accounts.models import MailMessage
from accounts.services.email import send_email
from kernel import clock
from tenants.context import use
from tenants.scheduling import sources

BOB = "bob@acme.test"
DAY = timedelta(days=1)


def next_due() -> datetime | None:
    return sources.earliest(retention.due_instants())


def plain(**more):
    send_email(BOB, "Hello", "<p>Hello</p>", **more)
    return MailMessage.objects.latest("id")


def test_a_body_is_emptied_after_thirty_days_and_the_rest_is_kept(clean, frozen_clock):
    message = plain(related="invoice:7")
    outbox.run_due(10)
    clock.advance(30 * DAY)
    assert retention.redact_old(10) == 0
    clock.advance(timedelta(seconds=1))
    assert retention.redact_old(10) == 1
    assert retention.redact_old(10) == 0
    message.refresh_from_db()
    assert (message.html, message.text, message.context) == ("", "", {})
    assert (message.subject, message.related, message.to) == (
        "Hello",
        "invoice:7",
        [BOB],
    )
    assert (message.state, message.redacted_at) == ("sent", clock.now())


def test_what_a_template_was_made_of_is_emptied_too(clean, frozen_clock):
    mail.put("accounts/password_changed", to=BOB, context={"person": "Bob", "url": "x"})
    outbox.run_due(10)
    clock.advance(31 * DAY)
    assert retention.redact_old(10) == 1
    assert MailMessage.objects.get().context == {}


@pytest.mark.parametrize("provider", ["disabled", "mailgun"])
def test_a_mail_that_did_not_leave_is_emptied_as_well(
    clean, settings, frozen_clock, provider
):
    settings.EMAIL_DELIVERY_PROVIDER = provider
    plain()
    outbox.run_due(10)
    clock.advance(31 * DAY)
    retention.redact_old(10)
    message = MailMessage.objects.get()
    assert message.state in {"suppressed", "failed"}
    assert (message.html, message.redacted_at is not None) == ("", True)


def test_a_mail_on_its_way_keeps_its_body(clean, frozen_clock):
    message = plain()
    clock.advance(31 * DAY)
    assert retention.redact_old(10) == 0
    message.refresh_from_db()
    assert message.html == "<p>Hello</p>"


def test_a_few_are_emptied_at_a_time(clean, frozen_clock):
    for _ in range(5):
        plain()
    outbox.run_due(10)
    clock.advance(31 * DAY)
    assert [retention.redact_old(2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_tenant_is_woken_for_it_once_a_day(clean):
    with clock.frozen(datetime(2026, 3, 2, 10, tzinfo=UTC)):
        assert next_due() is None
        for _ in range(3):
            plain()
            outbox.run_due(10)
            clock.advance(timedelta(hours=1))
        assert next_due() == datetime(2026, 4, 2, 10, tzinfo=UTC)
        clock.advance(31 * DAY)
        assert retention.run_due(100) == 3
        assert next_due() is None


def test_another_tenants_mails_are_left_alone(clean, globex, frozen_clock):
    with use(globex):
        MailMessage.objects.all().delete()
        theirs = plain()
        outbox.run_due(10)
    clock.advance(31 * DAY)
    assert retention.redact_old(10) == 0
    with use(globex):
        theirs.refresh_from_db()
        assert theirs.html == "<p>Hello</p>"


@pytest.mark.parametrize("end", ["sent", "failed", "expired", "suppressed"])
def test_a_secret_body_is_gone_in_every_end(clean, settings, frozen_clock, end):
    message = mail.put(
        "accounts/reset_code" if end != "failed" else "accounts/no_such",
        to=BOB,
        context={"minutes": 10},
        secret_context={"code": "K7MPXW"},
        expires_at=clock.now() - DAY if end == "expired" else None,
    )
    if end == "suppressed":
        settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    outbox.run_due(10)
    message.refresh_from_db()
    assert message.state == end
    assert message.secret_context is None
    assert message.redacted_at == clock.now()
