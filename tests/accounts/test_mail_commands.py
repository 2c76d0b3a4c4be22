"""An operator asks which way mail leaves, and whether it arrives."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import MailMessage, TenantBranding
from tenants.context import use


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fails(*words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*words)
    return caught.value.returncode, str(caught.value)


def facts(*words: str) -> dict:
    return json.loads(run("mail_config", "--json", *words))


# mail_config


def test_the_configuration_of_a_tenant_is_printed_with_its_secrets_masked(
    acme, mailgun, settings
):
    settings.BCC_RECIPIENTS, settings.EMAIL_REPLY_TO = "audit@x.org", "desk@x.org"
    with use(acme):
        TenantBranding.objects.update(
            sender_name="Acme, Desk", reply_to=["a@acme.test"]
        )
    assert facts("--tenant", "acme") == {
        "provider": "mailgun",
        "problem": "",
        "configured_provider": "mailgun",
        "delivery_enabled": False,
        "development_mode": True,
        "mail_enabled_here": True,
        "sender": '"Acme, Desk" <no-reply@tenantry.test>',
        "reply_to": ["a@acme.test"],
        "bcc": ["audit@x.org"],
        "region": "us",
        "api_url": settings.EMAIL_API_URL,
        "domain": "mg.tenantry.test",
        "api_key": "***",
    }
    said = run("mail_config", "--tenant", "acme")
    assert "provider             mailgun\n" in said
    assert "bcc                  audit@x.org\n" in said
    assert settings.EMAIL_API_KEY not in said


def test_the_platform_has_a_configuration_of_its_own(acme, smtp, settings):
    settings.EMAIL_HOST_PASSWORD = "word-of-the-server"
    found = facts()
    assert found["sender"] == "Tenantry <no-reply@tenantry.test>"
    assert (found["host"], found["port"]) == ("127.0.0.1", settings.EMAIL_PORT)
    assert found["password"] == "***"
    assert "word-of-the-server" not in run("mail_config")


def test_a_tenant_whose_mail_is_off_has_no_provider(acme, smtp):
    with use(acme):
        TenantBranding.objects.update(mail_enabled=False)
    found = facts("--tenant", "acme")
    assert (found["provider"], found["mail_enabled_here"]) == ("disabled", False)
    assert facts()["provider"] == "smtp"


def test_a_configuration_that_cannot_send_ends_with_1_and_says_why(acme, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "mailgun"
    assert fails("mail_config") == (1, "No mail leaves: EMAIL_API_KEY is empty.")
    settings.EMAIL_DELIVERY_PROVIDER = "pigeon"
    code, line = fails("mail_config", "--tenant", "acme")
    assert (code, "pigeon" in line) == (1, True)
    assert fails("mail_config", "--tenant", "nobody")[0] == 3


# send_test_mail


def test_a_test_message_arrives_at_once_in_the_tenants_name(acme, smtp):
    said = run("send_test_mail", "ops@x.org", "--tenant", "acme")
    (envelope,) = smtp.taken
    message = smtp.message()
    assert envelope.rcpt_tos == ["ops@x.org"]
    assert message["Subject"] == "A test mail of Acme"
    assert message["From"] == "Acme <no-reply@tenantry.test>"
    assert "http://acme.localhost" in message.get_body(("plain",)).get_content()
    assert said == f"Sent by smtp: {message['Message-ID']}\n"
    with use(acme):
        assert MailMessage.objects.latest("id").state == "sent"


def test_what_the_server_said_is_told_to_programs_too(acme, mailgun):
    answer = json.loads(
        run("send_test_mail", "ops@x.org", "--tenant", "acme", "--json")
    )
    assert (answer["state"], answer["provider"]) == ("sent", "mailgun")
    assert answer["provider_message_id"] == "<made-by@mailgun>"


def test_a_message_that_is_not_taken_ends_with_1(acme, smtp):
    smtp.refuse = "554 never"
    words = ("send_test_mail", "ops@x.org", "--tenant", "acme")
    assert fails(*words) == (1, "Not sent: refused: 554.")
    smtp.refuse = "451 later"
    assert fails(*words) == (1, "Not sent yet: refused: 451; it is tried again.")


def test_mail_that_is_off_ends_with_4_and_wrong_words_with_2_and_3(acme, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    words = ("send_test_mail", "ops@x.org", "--tenant", "acme")
    assert fails(*words) == (4, "Mail is switched off here.")
    assert fails("send_test_mail", "nobody", "--tenant", "acme")[0] == 2
    assert fails("send_test_mail", "a@x.org,b@x.org", "--tenant", "acme")[0] == 2
    assert fails("send_test_mail", "ops@x.org")[0] == 2
    assert fails("send_test_mail", "ops@x.org", "--tenant", "nobody")[0] == 3
