"""Which way a mail leaves: the table of the specification, row by row."""

import pytest

from accounts import conf
from accounts.conf import Conf
from accounts.mail import outbox
from accounts.mail.providers import DeliveryRefused, Provider, resolve
from accounts.models import MailMessage, TenantBranding
from accounts.services.email import send_email

BOB = "bob@acme.test"
WORDS = (True, "true", "1", "YES", " on ")
NO_WORDS = (False, "false", "0", "No", "off")
D, G, P, S = Provider.DISABLED, Provider.MAILGUN, Provider.MAILPIT, Provider.SMTP


def made(**changes: object) -> Conf:
    """Return a configuration in which every provider could send."""
    complete = {"api_key": "k", "domain": "mg.x.org", "email_from": "a@x.org"}
    none = {"provider": "", "delivery_enabled": False, "development": False}
    return Conf(**{**conf.current().__dict__, **complete, **none, **changes})


ON, DEV = {"delivery_enabled": True}, {"development": True}
TABLE = [
    # 1: disabled always wins
    *[(1, {"provider": "disabled", **ON, **DEV}, True, x, D) for x in (None, True)],
    *[(1, {"provider": p}, False, True, D) for p in ("mailgun", "smtp", "")],
    (1, {"provider": "disabled"}, True, "nonsense", D),
    # 3: the argument says no
    *[(3, {"provider": "smtp", **ON}, True, x, D) for x in NO_WORDS],
    # 4: the provider is named
    *[(4, {"provider": "mailgun", **DEV}, True, x, G) for x in (None, *WORDS)],
    *[(4, {"provider": "mailpit", **ON}, True, x, P) for x in (None, *WORDS)],
    *[(4, {"provider": "smtp", **ON}, True, x, S) for x in (None, *WORDS)],
    # 5: delivery is on
    *[(5, ON, True, x, G) for x in (None, *WORDS)],
    (5, {**ON, **DEV}, True, None, G),
    # 6: development, also where the argument says yes
    *[(6, DEV, True, x, S) for x in (None, *WORDS)],
    # 7: the argument says yes
    *[(7, {}, True, x, G) for x in WORDS],
    # 8: otherwise
    (8, {}, True, None, D),
]


@pytest.mark.parametrize(("row", "changes", "tenant", "enabled", "provider"), TABLE)
def test_w16_first_match_wins(row, changes, tenant, enabled, provider):
    found = resolve(made(**changes), tenant_enabled=tenant, enabled=enabled)
    assert found is provider, row


@pytest.mark.parametrize("enabled", ["maybe", "", 1, 0, 5, object(), []])
@pytest.mark.parametrize("changes", [{"provider": "smtp"}, ON, DEV, {}], ids=str)
def test_row_2_an_argument_that_says_neither_yes_nor_no_is_refused(changes, enabled):
    with pytest.raises(DeliveryRefused, match="neither yes nor no"):
        resolve(made(**changes), tenant_enabled=True, enabled=enabled)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"provider": "mailgun", "api_key": ""}, "EMAIL_API_KEY is empty"),
        ({"provider": "mailgun", "domain": ""}, "EMAIL_DOMAIN is empty"),
        ({"provider": "mailgun", "email_from": ""}, "EMAIL_FROM is empty"),
        ({"provider": "smtp", "email_from": ""}, "EMAIL_FROM is empty"),
        ({**ON, "api_key": ""}, "EMAIL_API_KEY is empty"),
    ],
    ids=str,
)
def test_a_provider_that_lacks_something_carries_nothing(changes, reason):
    with pytest.raises(DeliveryRefused, match=reason):
        resolve(made(**changes), tenant_enabled=True)


@pytest.mark.parametrize("enabled", ["maybe", 5, "", object()])
def test_a_refused_argument_is_an_error_in_the_log_and_a_failed_row(
    clean, smtp, caplog, enabled
):
    assert send_email(BOB, "Hello", "<p>x</p>", enabled=enabled) is None
    outbox.run_due(10)
    message = MailMessage.objects.get()
    assert message.state == MailMessage.State.FAILED
    assert message.last_error == "refused: enabled is neither yes nor no"
    assert [r.levelname for r in caplog.records if r.message == "mail.refused"] == [
        "ERROR"
    ]
    assert smtp.taken == []


@pytest.mark.parametrize("how", ["setting", "tenant", "argument"])
@pytest.mark.parametrize("server", ["smtp", "mailgun"])
def test_a37_disabled_means_that_no_server_is_asked(
    clean, request, settings, server, how
):
    stands = request.getfixturevalue(server)
    if how == "setting":
        settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    if how == "tenant":
        TenantBranding.objects.update(mail_enabled=False)
    result = send_email(BOB, "Hello", "<p>Hello</p>", enabled=how != "argument")
    outbox.run_due(10)
    assert result is None
    assert MailMessage.objects.get().state == MailMessage.State.SUPPRESSED
    assert stands.taken == []


def test_a37_disabled_also_stops_what_was_queued_before(clean, smtp, settings):
    send_email(BOB, "Hello", "<p>Hello</p>")
    settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    outbox.run_due(10)
    assert MailMessage.objects.get().state == MailMessage.State.SUPPRESSED
    assert smtp.taken == []


def test_w16_development_reaches_no_real_provider_when_told_to_send(
    clean, mailgun, settings
):
    settings.EMAIL_DELIVERY_PROVIDER = ""
    result = send_email(BOB, "Hello", "<p>x</p>", enabled=True)
    outbox.run_due(10)
    assert result.backend == "smtp"
    assert mailgun.taken == []
    assert MailMessage.objects.get().provider == "smtp"


def test_mailgun_without_a_key_fails_the_mail_that_asked_for_it(clean, settings):
    settings.DEVELOPMENT_MODE = False
    assert send_email(BOB, "Hello", "<p>x</p>", enabled=True) is None
    message = MailMessage.objects.get()
    assert message.state == MailMessage.State.FAILED
    assert message.last_error == "refused: EMAIL_API_KEY is empty"
