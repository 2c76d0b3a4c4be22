"""Mailgun gets one POST with everything in it, and its answers are understood."""

import logging
import socket
from datetime import timedelta

import pytest

from accounts import conf, mail
from accounts.mail import outbox
from accounts.models import MailMessage, TenantBranding
from accounts.services.email import send_email
from kernel import clock

State = MailMessage.State
BOB = "bob@acme.test"


def delivered() -> MailMessage:
    outbox.run_due(10)
    return MailMessage.objects.get()


def test_every_field_arrives_in_one_form_of_several_parts(clean, mailgun, settings):
    TenantBranding.objects.update(sender_name="Acme & Söhne", reply_to=["d@acme.test"])
    settings.BCC_RECIPIENTS = "audit@tenantry.test"
    result = send_email(
        '"Doe, John" <bob@acme.test>; eve@acme.test',
        "Grüße",
        "<p>Hello <b>Bob</b></p>",
        [
            ("../re:port.pdf", b"%PDF\x00\xff", "application/pdf"),
            ("nötes.txt", "Zwölf".encode(), "text/plain"),
        ],
        cc="carol@acme.test",
        bcc="AUDIT@tenantry.test, dave@acme.test",
        reply_to="bob@acme.test",
        text="Hello Bob",
    )
    message = delivered()
    (taken,) = mailgun.taken
    assert taken["path"] == "/v3/mg.tenantry.test/messages"
    assert taken["auth"] == "api:key-of-the-tests"
    assert taken["kind"] == "multipart/form-data"
    assert taken["fields"] == {
        "from": ['"Acme & Söhne" <no-reply@tenantry.test>'],
        "to": ['"Doe, John" <bob@acme.test>', "eve@acme.test"],
        "cc": ["carol@acme.test"],
        "bcc": ["audit@tenantry.test", "dave@acme.test"],
        "subject": ["Grüße"],
        "text": ["Hello Bob"],
        "html": ["<p>Hello <b>Bob</b></p>"],
        "h:Reply-To": ["d@acme.test, bob@acme.test"],
        "h:Message-ID": [result.message_id],
        "h:Auto-Submitted": ["auto-generated"],
    }
    assert taken["files"] == [
        ("attachment", "re:port.pdf", "application/pdf", b"%PDF\x00\xff"),
        ("attachment", "nötes.txt", "text/plain", "Zwölf".encode()),
    ]
    assert (message.state, message.provider) == (State.SENT, "mailgun")
    assert message.provider_message_id == "<made-by@mailgun>"


def test_a_mail_of_a_template_goes_without_static_copies_and_is_wiped(
    clean, mailgun, settings
):
    settings.BCC_RECIPIENTS = "audit@tenantry.test"
    mail.put(
        "accounts/reset_code",
        to=BOB,
        context={"minutes": 10},
        secret_context={"code": "K7MPXW"},
    )
    message = delivered()
    fields = mailgun.taken[0]["fields"]
    assert "bcc" not in fields
    assert "K7MPXW" in fields["text"][0].split()
    assert "K7MPXW" in fields["html"][0]
    assert "K7MPXW" not in fields["subject"][0]
    assert (message.state, message.secret_context) == (State.SENT, None)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, State.SENT),
        (202, State.SENT),
        (301, State.FAILED),
        (400, State.FAILED),
        (401, State.FAILED),
        (404, State.FAILED),
        (413, State.FAILED),
        (429, State.DEFERRED),
        (500, State.DEFERRED),
        (503, State.DEFERRED),
    ],
)
def test_what_an_answer_means(clean, mailgun, status, state):
    mailgun.say = (status, b"said of bob@acme.test")
    send_email(BOB, "Hello", "<p>x</p>")
    message = delivered()
    assert message.state == state
    assert message.last_error == ("" if state == State.SENT else f"refused: {status}")
    assert len(mailgun.taken) == 1


def test_a_mailgun_that_is_away_is_asked_again_under_the_same_id(
    clean, mailgun, settings, frozen_clock
):
    here = settings.EMAIL_API_URL
    with socket.create_server(("127.0.0.1", 0)) as free:
        away = f"127.0.0.1:{free.getsockname()[1]}"
    settings.OUTGOING_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.EMAIL_API_URL = f"http://{away}"
    result = send_email(BOB, "Hello", "<p>x</p>")
    message = delivered()
    assert message.state == State.DEFERRED
    assert message.last_error.startswith("not reached: ")
    settings.EMAIL_API_URL = here
    clock.advance(timedelta(seconds=10))
    assert delivered().state == State.SENT
    assert mailgun.taken[0]["fields"]["h:Message-ID"] == [result.message_id]


def test_a_silent_mailgun_is_left_after_its_time(clean, settings, monkeypatch):
    from accounts.mail import mailgun as transport

    monkeypatch.setattr(transport, "TIMEOUT", 0.3)
    monkeypatch.setattr(transport, "WITHIN", 0.3)
    settings.EMAIL_DELIVERY_PROVIDER = "mailgun"
    settings.EMAIL_API_KEY, settings.EMAIL_DOMAIN = "k", "mg.x.org"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_API_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings.OUTGOING_PRIVATE_HOSTS = ["127.0.0.1"]
        send_email(BOB, "Hello", "<p>x</p>")
        message = delivered()
    assert (message.state, message.last_error) == (
        State.DEFERRED,
        "not reached: time-out",
    )


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"id": 5}', b'"id"'])
def test_an_odd_answer_is_still_a_yes(clean, mailgun, body):
    mailgun.say = (200, body)
    result = send_email(BOB, "Hello", "<p>x</p>")
    message = delivered()
    assert message.state == State.SENT
    assert message.provider_message_id == result.message_id


@pytest.mark.parametrize(
    ("region", "url"),
    [("us", "https://api.mailgun.net"), ("EU", "https://api.eu.mailgun.net")],
)
def test_the_region_picks_the_endpoint(settings, region, url):
    settings.EMAIL_REGION = region
    assert conf.current().api_url == url


@pytest.mark.parametrize("is_on", [True, False])
def test_an_answer_is_in_the_log_only_where_asked_and_for_debugging(
    clean, mailgun, settings, caplog, is_on
):
    settings.EMAIL_LOG_RESPONSE_TEXT = is_on
    mailgun.say = (400, b"'to' is bad: bob@acme.test " + b"x" * 1000)
    caplog.set_level(logging.DEBUG)
    send_email(BOB, "Hello", "<p>x</p>")
    delivered()
    lines = [r for r in caplog.records if r.message == "mailgun.answered"]
    assert len(lines) == is_on
    for line in lines:
        assert line.levelno == logging.DEBUG
        assert line.answer.startswith("'to' is bad: b***b@acme.test xxx")
        assert len(line.answer) <= 500
        assert "key-of-the-tests" not in str(line.__dict__)
