"""What is told of a mail: lines without secrets, an observer, a layout of one's own."""

import logging

import pytest

from accounts import challenges, code_mails, mail
from accounts.mail import outbox
from accounts.mail.changes import Delivery
from accounts.models import MailMessage, User
from accounts.services import auth_flow
from accounts.services.email import send_email
from tenants.context import TenantInfo, use
from tests import twins
from tests.tenants.lines import written

BOB = "bob@acme.test"
CODE = "K7MPXW"
OURS = ("accounts", "tenants", "kernel", "urllib3", "config")


@pytest.fixture
def committing(transactional_db) -> TenantInfo:
    """Return acme with an empty outbox, where what is written is committed."""
    tenant = twins.info("acme")
    with use(tenant):
        MailMessage.objects.all().delete()
    return tenant


#: What the observer of the settings was called with.
noted: list[Delivery] = []


def note(record: Delivery) -> None:
    noted.append(record)


def break_down(record: Delivery) -> None:
    raise RuntimeError(CODE)


@pytest.fixture
def observed(settings):
    noted.clear()
    settings.WORKFLOWS = {"EMAIL_DELIVERY_OBSERVER": f"{__name__}.note"}
    return noted


def put_code(code: str = CODE) -> None:
    mail.put(
        "accounts/reset_code",
        to=BOB,
        context={"minutes": 10},
        secret_context={"code": code},
    )


def ours(caplog) -> list[logging.LogRecord]:
    return [r for r in caplog.records if r.name.split(".")[0] in OURS]


def changes(caplog) -> list[tuple[str, str, str]]:
    return [
        (record.message, record.category, record.state)
        for record in ours(caplog)
        if record.name == "accounts.mail" and hasattr(record, "state")
    ]


# Logs


def test_a_state_is_one_line_with_its_message_category_and_state(
    committing, smtp, caplog
):
    caplog.set_level("INFO")
    smtp.refuse = "451 busy"
    with use(committing):
        put_code()
        outbox.run_due(10)
    assert changes(caplog) == [
        ("mail.queued", "reset_code", "queued"),
        ("mail.deferred", "reset_code", "deferred"),
    ]


def test_the_line_that_is_written_names_the_tenant_and_masks_the_address(
    committing, smtp
):
    with use(committing), written() as lines:
        put_code()
        outbox.run_due(10)
    (line,) = lines.of("mail.sent")
    assert line["tenant"] == str(committing.uuid)
    assert line["to"] == "['b***b@acme.test']"
    assert (line["category"], line["state"]) == ("reset_code", "sent")


def test_a35_w22_no_line_holds_a_code_a_ticket_or_a_whole_address(
    committing, smtp, mailgun, settings, caplog
):
    caplog.set_level("DEBUG")
    settings.EMAIL_LOG_RESPONSE_TEXT = True
    mailgun.say = (400, b"no bob@acme.test here")
    with use(committing), written() as lines:
        bob = User.objects.get(username="bob")
        ticket = challenges.issue_setup_ticket(bob)
        smtp.refuse = "550 no bob@acme.test here"
        for provider in ("smtp", "mailgun"):
            settings.EMAIL_DELIVERY_PROVIDER = provider
            put_code()
            send_email([BOB, "bad@"], CODE, f"<p>{CODE}</p>", secret=True)
            code_mails.send_setup(bob, ticket)
            outbox.run_due(100)
        smtp.refuse, settings.EMAIL_DELIVERY_PROVIDER = None, "smtp"
        auth_flow.send_forgot_password_code(BOB)
        code_mails.send_setup(bob, ticket)
        outbox.run_due(100)
        states = MailMessage.objects.values_list("state", flat=True)
        assert sorted(states) == ["failed"] * 6 + ["sent"] * 2
    text = smtp.message(0).get_body(("plain",)).get_content()
    (code,) = [word for word in text.split() if len(word) == 6 and word.isupper()]
    told = [str(record.__dict__) for record in ours(caplog)]
    told += [line for line in lines.text.splitlines() if "logger=mail.log" not in line]
    assert len(told) > 40
    for secret in (CODE, code, ticket, BOB, "key-of-the-tests"):
        assert [line for line in told if secret in line] == []


# The observer


def test_w10_the_observer_is_told_after_the_commit_without_body_and_secret(
    committing, smtp, observed
):
    with use(committing):
        put_code()
        send_email(BOB, "Hello", "<p>x</p>", related="invoice:7", metadata={"a": 1})
        outbox.run_due(10)
    told = [(record.category, record.state) for record in observed]
    assert told == [
        ("reset_code", "queued"),
        ("message", "queued"),
        ("reset_code", "sent"),
        ("message", "sent"),
    ]
    last = observed[-1]
    assert (last.tenant, last.to, last.provider) == (committing.uuid, (BOB,), "smtp")
    assert (last.related, dict(last.metadata)) == ("invoice:7", {"a": 1})
    assert CODE not in str(observed)


def test_the_observer_hears_nothing_of_a_change_that_was_rolled_back(
    committing, observed
):
    from django.db import transaction

    with use(committing), transaction.atomic():
        put_code()
        transaction.set_rollback(True)
    assert observed == []


def test_an_observer_that_breaks_down_breaks_no_send_and_tells_no_secret(
    committing, smtp, settings, caplog
):
    settings.WORKFLOWS = {"EMAIL_DELIVERY_OBSERVER": f"{__name__}.break_down"}
    with use(committing):
        put_code()
        outbox.run_due(10)
        assert MailMessage.objects.get().state == "sent"
    lines = [r for r in ours(caplog) if r.message == "mail.observer_failed"]
    assert [line.error for line in lines] == ["RuntimeError", "RuntimeError"]
    assert CODE not in str([record.__dict__ for record in ours(caplog)])


# A layout of one's own


def in_a_frame(body_html: str, *, title: str) -> str:
    return f"<html><title>{title}</title><body id='own'>{body_html}</body></html>"


def nothing(body_html: str, *, title: str) -> str:
    return ""


def broken(body_html: str, *, title: str) -> str:
    raise RuntimeError(body_html)


def html_sent(smtp) -> str:
    put_code()
    outbox.run_due(10)
    return smtp.message().get_body(("html",)).get_content()


def test_the_renderer_of_the_settings_replaces_our_layout(clean, smtp, settings):
    settings.WORKFLOWS = {"EMAIL_TEMPLATE_RENDERER": f"{__name__}.in_a_frame"}
    html = html_sent(smtp)
    assert '<body id="own">' in html
    assert "<title>Your code for a new password at Acme</title>" in html
    assert CODE in html
    assert html.count("<html") == 1
    assert 'class="column"' not in html


@pytest.mark.parametrize("name", ["nothing", "broken"])
def test_a_renderer_that_fails_costs_its_layout_and_never_the_mail(
    clean, smtp, settings, caplog, name
):
    settings.WORKFLOWS = {"EMAIL_TEMPLATE_RENDERER": f"{__name__}.{name}"}
    html = html_sent(smtp)
    assert 'class="column"' in html
    assert CODE in html
    assert CODE not in str([record.__dict__ for record in ours(caplog)])
    assert "mail.renderer_failed" in caplog.text
