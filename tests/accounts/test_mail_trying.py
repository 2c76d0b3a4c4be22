"""An administrator tries whether mail arrives, at the own address and nowhere else."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as live

from accounts.mail import labels, trying
from accounts.models import MailMessage, SecurityEvent, TenantBranding, User
from tenants.context import use

PAGE = "/accounts/mail"
ADMIN = "admin@acme.test"
BUTTON = "Send a test mail"


@pytest.fixture
def admin_page(browser_of, acme):
    with use(acme):
        MailMessage.objects.all().delete()
    return browser_of("admin")


def press(client) -> str:
    return client.post(f"{PAGE}/test", follow=True).text


def tried_at(tenant) -> list[MailMessage]:
    with use(tenant):
        return list(MailMessage.objects.filter(category="test_message"))


def mail_off() -> None:
    row = TenantBranding.objects.get_or_create(pk=1)[0]
    row.mail_enabled = False
    row.save()


# The button


def test_the_test_mail_arrives_at_once_in_the_persons_language(admin_page, acme, smtp):
    with use(acme):
        User.objects.filter(username="admin").update(language="de", first_name="Ada")
    assert "The test mail left for a***n@acme.test." in press(admin_page)
    (envelope,) = smtp.taken
    text = smtp.message().get_body(("plain",)).get_content()
    assert envelope.rcpt_tos == [ADMIN]
    assert "Ada" in text
    assert "hat diese E-Mail aus den Einstellungen" in text
    (message,) = tried_at(acme)
    assert (message.state, message.language) == ("sent", "de")


def test_it_is_an_event_without_the_address(admin_page, acme, smtp, admin):
    press(admin_page)
    with use(acme):
        event = SecurityEvent.objects.get(name="mail.tested")
    (message,) = tried_at(acme)
    assert (event.actor, event.via) == (admin.pk, "session")
    assert event.details == {"mail": message.pk, "state": "sent"}


def test_nobody_chooses_where_it_goes(admin_page, acme, smtp):
    words = {"to": "victim@x.org", "address": "victim@x.org", "email": "victim@x.org"}
    admin_page.post(f"{PAGE}/test?to=victim@x.org", words)
    assert [one.rcpt_tos for one in smtp.taken] == [[ADMIN]]


def test_an_address_that_was_not_proven_gets_none(admin_page, acme, smtp):
    with use(acme):
        User.objects.filter(username="admin").update(email_verified_at=None)
    assert "Confirm your own address first." in press(admin_page)
    assert (smtp.taken, tried_at(acme)) == ([], [])


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("554 never", "The test mail was not sent. The mail server or the settings"),
        ("451 later", "Not sent yet. The mail server or the settings refused it (451)"),
    ],
)
def test_what_the_server_says_is_said_in_words(admin_page, acme, smtp, refusal, words):
    smtp.refuse = refusal
    assert words in press(admin_page)
    state = "failed" if refusal.startswith("5") else "deferred"
    assert [one.state for one in tried_at(acme)] == [state]


def test_a_server_that_is_away_is_said_in_words(admin_page, acme, smtp, settings):
    settings.EMAIL_PORT = 9
    text = press(admin_page)
    assert "The mail server was not reached" in text
    assert "it is tried again" in text


def test_above_ten_an_hour_none_is_sent(admin_page, acme, smtp, at_ten):
    for _ in range(10):
        press(admin_page)
    assert "Enough test mails for now." in press(admin_page)
    assert len(smtp.taken) == 10


def test_only_who_may_see_the_mails_sends_one(browser_of, visitor, acme, smtp):
    path = f"{PAGE}/test"
    assert browser_of("bob").post(path).status_code == 403
    answer = visitor().post(path)
    assert (answer.status_code, answer["Location"][:17]) == (302, "/accounts/sign-in")
    assert browser_of("admin").get(path).status_code == 405
    assert (smtp.taken, tried_at(acme)) == ([], [])


def test_it_leaves_in_the_own_tenants_name_only(admin_page, acme, globex, smtp):
    press(admin_page)
    assert smtp.message()["Subject"] == "A test mail of Acme"
    assert tried_at(globex) == []


# Which way


def test_the_page_says_which_way_mail_leaves(admin_page, smtp, settings):
    text = admin_page.get(PAGE).text
    assert "Mails leave by a mail server (SMTP)." in text
    assert BUTTON in text
    settings.EMAIL_BACKEND = live.MAILBOX_BACKEND
    assert "development mailbox" in admin_page.get(PAGE).text
    settings.EMAIL_DELIVERY_PROVIDER = "mailpit"
    assert "Mails go to Mailpit" in admin_page.get(PAGE).text


def test_mailgun_is_named_and_its_key_is_not(admin_page, mailgun, settings):
    text = admin_page.get(PAGE).text
    assert "Mails leave by Mailgun." in text
    assert settings.EMAIL_API_KEY not in text


def test_settings_that_let_nothing_leave_are_told_without_their_names(
    admin_page, settings
):
    settings.EMAIL_DELIVERY_PROVIDER = "mailgun"
    text = admin_page.get(PAGE).text
    assert "The mail settings of the platform are incomplete." in text
    assert "EMAIL_API_KEY" not in text
    assert BUTTON not in text


def test_mail_that_this_workspace_switched_off_is_told_with_the_way_back(
    admin_page, acme, smtp
):
    with use(acme):
        mail_off()
    text = admin_page.get(PAGE).text
    assert "This workspace has switched its mail off." in text
    assert 'href="/accounts/branding"' in text
    assert BUTTON not in text
    assert "Mail is switched off, so no test was sent." in press(admin_page)
    assert (smtp.taken, tried_at(acme)) == ([], [])


def test_mail_that_the_platform_switched_off_is_told(admin_page, acme, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    assert "switched off for the whole platform" in admin_page.get(PAGE).text
    assert "Mail is switched off" in press(admin_page)
    assert tried_at(acme) == []


def test_the_way_is_the_one_of_the_entered_tenant(acme, globex, smtp):
    with use(acme):
        mail_off()
        assert trying.way().value == "disabled"
    with use(globex):
        assert trying.way().value == "smtp"


# What each mail is called


def templates() -> list[str]:
    """Return the name of every mail of every app."""
    return sorted(
        f"{app.label}/{path.name.removesuffix('.subject.txt')}"
        for app in apps.get_app_configs()
        for path in Path(app.path).glob(f"templates/{app.label}/mail/*.subject.txt")
    )


@pytest.mark.parametrize("template", templates())
def test_every_mail_has_a_label_of_its_own(template):
    app, _slash, name = template.partition("/")
    config = apps.get_app_config(app)
    named = labels.LABELS if app == "accounts" else config.mail_labels
    assert labels.of(MailMessage(template=template)) == str(named[name])


def test_labels_name_no_mail_that_is_gone():
    known = {name.partition("/")[2] for name in templates()}
    named = {name for app in apps.get_app_configs() for name in of_app(app)}
    assert named - known == {"message"} - known


def of_app(app) -> list[str]:
    own = labels.LABELS if app.label == "accounts" else {}
    return [*own, *getattr(app, "mail_labels", {})]


def test_a_mail_of_a_stranger_to_the_list_keeps_its_own_word():
    assert labels.of(MailMessage(template="gone/some_thing")) == "Some thing"
    assert labels.of(MailMessage(category="invoice_sent")) == "Invoice sent"
    assert labels.of(MailMessage(template="billing/filed", category="filed")) == "Filed"


def test_the_list_shows_the_label_of_another_apps_mail(admin_page, acme):
    with use(acme):
        MailMessage.objects.create(
            to=[ADMIN], template="leave/filed", category="filed", state="sent"
        )
        MailMessage.objects.create(
            to=[ADMIN], template="accounts/reply_to_code", category="reply_to_code"
        )
    text = admin_page.get(PAGE).text
    assert "Notice: leave filed" in text
    assert "Code for an address for answers" in text
