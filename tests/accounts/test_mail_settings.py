"""One resolved configuration, read in one place; a wrong value stops the start."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts import checks, conf
from tests.tenants.worker import ROOT


def ids(check) -> list[str]:
    return [message.id.removeprefix("accounts.") for message in check(None)]


@pytest.mark.parametrize(
    ("flows", "error"),
    [
        ({"USER_META_MODEL": "UserMeta"}, "E001"),
        ({"USER_META_MODEL": 5}, "E001"),
        ({"COMPANY_NAME": 5}, "E001"),
        ({"COMPANY_NAME": "a\nb"}, "E001"),
        ({"ENABLE_EMAIL_DELIVERY": "perhaps"}, "E001"),
        ({"ENABLE_EMAIL_DELIVERY": 1}, "E001"),
        ({"FORGOT_PASSWORD_URL": None}, "E001"),
        ({"RESET_CODE_TTL_MINUTES": 0}, "E001"),
        ({"RESET_CODE_TTL_MINUTES": 11}, "E001"),
        ({"RESET_CODE_TTL_MINUTES": "10"}, "E001"),
        ({"RESET_CODE_TTL_MINUTES": True}, "E001"),
        ({"REGISTER_CODE_TTL_MINUTES": 0}, "E001"),
        ({"REGISTER_CODE_TTL_MINUTES": 1441}, "E001"),
        ({"MAX_VERIFY_ATTEMPTS": 0}, "E001"),
        ({"MAX_VERIFY_ATTEMPTS": 11}, "E001"),
        ({"CODE_LENGTH": 5}, "E001"),
        ({"CODE_LENGTH": 13}, "E001"),
        ({"INVITATION_TTL_DAYS": 0}, "E001"),
        ({"INVITATION_TTL_DAYS": 31}, "E001"),
        ({"LOG_VERIFICATION_CODES_IN_DEBUG": "sometimes"}, "E001"),
        ({"EMAIL_FROM_NAME": "Desk\r\nBcc: x@y.org"}, "E001"),
        ({"BCC_RECIPIENTS": "audit@x.org, nobody"}, "E001"),
        ({"BCC_RECIPIENTS": 5}, "E001"),
        ({"EMAIL_TEMPLATE_RENDERER": "nowhere.to_be.found"}, "E001"),
        ({"EMAIL_TEMPLATE_RENDERER": "accounts.conf.TRUE"}, "E001"),
        ({"EMAIL_DELIVERY_OBSERVER": 5}, "E001"),
        ({"REGISTRATION_POLICY": "anybody"}, "E001"),
    ],
    ids=str,
)
def test_w17_a_wrong_value_of_the_seeds_dictionary_stops_the_start(
    settings, flows, error
):
    settings.WORKFLOWS = flows
    with pytest.raises(ImproperlyConfigured):
        conf.current()
    assert ids(checks.settings_are_valid) == [error]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_DELIVERY_PROVIDER", "pigeon"),
        ("EMAIL_REGION", "mars"),
        ("EMAIL_DOMAIN", "no domain"),
        ("EMAIL_DOMAIN", "x/../y"),
        ("EMAIL_API_KEY", "a\nb"),
        ("EMAIL_FROM", "Tenantry"),
        ("EMAIL_FROM", "a@x.org, b@x.org"),
        ("EMAIL_FROM", "Desk\nBcc: <a@x.org>"),
        ("EMAIL_REPLY_TO", "desk@"),
        ("BCC_RECIPIENTS", ["audit@x.org", None]),
        ("EMAIL_LOG_RESPONSE_TEXT", "a bit"),
        ("ENABLE_EMAIL_DELIVERY", "perhaps"),
        ("DEVELOPMENT_MODE", "a little"),
    ],
)
def test_w17_a_wrong_variable_of_the_mail_service_stops_the_start(
    settings, name, value
):
    setattr(settings, name, value)
    assert ids(checks.settings_are_valid) == ["E001"]


@pytest.mark.parametrize(
    ("flows", "found"),
    [
        ({}, {"registration_policy": "open", "attempts": 3, "code_length": 6}),
        ({}, {"reset_code_life": timedelta(minutes=10), "observer": ""}),
        ({}, {"register_code_life": timedelta(minutes=10)}),
        ({}, {"invitation_life": timedelta(days=7), "delivery_enabled": False}),
        ({"RESET_CODE_TTL_MINUTES": 5}, {"register_code_life": timedelta(minutes=5)}),
        (
            {"REGISTER_CODE_TTL_MINUTES": 1440},
            {"register_code_life": timedelta(days=1)},
        ),
        ({"INVITATION_TTL_DAYS": 30}, {"invitation_life": timedelta(days=30)}),
        ({"REGISTRATION_POLICY": "domains"}, {"registration_policy": "domains"}),
        ({"ENABLE_EMAIL_DELIVERY": " Yes "}, {"delivery_enabled": True}),
        ({"ENABLE_EMAIL_DELIVERY": "OFF"}, {"delivery_enabled": False}),
        ({"EMAIL_FROM_NAME": "Desk"}, {"from_name": "Desk"}),
        ({"BCC_RECIPIENTS": "a@x.org;b@x.org"}, {"bcc": ("a@x.org", "b@x.org")}),
        ({"BCC_RECIPIENTS": ["a@x.org"]}, {"bcc": ("a@x.org",)}),
        ({"BCC_RECIPIENTS": ""}, {"bcc": ()}),
        (
            {"EMAIL_DELIVERY_OBSERVER": "accounts.conf.current"},
            {"observer": "accounts.conf.current"},
        ),
    ],
    ids=str,
)
def test_the_seeds_dictionary_is_read_as_it_was(settings, flows, found):
    settings.WORKFLOWS = flows
    settings.BCC_RECIPIENTS = "static@x.org"
    resolved = conf.current()
    assert {name: getattr(resolved, name) for name in found} == found


def test_the_static_blind_copies_come_from_the_variable_where_the_key_is_missing(
    settings,
):
    settings.BCC_RECIPIENTS = '"Audit, Mail" <audit@x.org>, b@x.org'
    assert conf.current().bcc == ('"Audit, Mail" <audit@x.org>', "b@x.org")


@pytest.mark.parametrize(
    ("flows", "variable", "errors"),
    [
        ({"ENABLE_EMAIL_DELIVERY": True}, None, []),
        ({"ENABLE_EMAIL_DELIVERY": True}, True, []),
        ({"ENABLE_EMAIL_DELIVERY": "no"}, False, []),
        ({"ENABLE_EMAIL_DELIVERY": True}, False, ["E002"]),
        ({"ENABLE_EMAIL_DELIVERY": False}, True, ["E002"]),
        ({}, True, []),
    ],
    ids=str,
)
def test_the_switch_is_one_wherever_it_is_set(settings, flows, variable, errors):
    settings.WORKFLOWS, settings.ENABLE_EMAIL_DELIVERY = flows, variable
    assert ids(checks.settings_are_valid) == errors


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"EMAIL_DELIVERY_PROVIDER": "smtp", "EMAIL_FROM": ""}, ["E003"]),
        ({"EMAIL_DELIVERY_PROVIDER": "mailpit", "EMAIL_FROM": ""}, ["E003"]),
        ({"EMAIL_DELIVERY_PROVIDER": "disabled", "EMAIL_FROM": ""}, []),
        (
            {"EMAIL_DELIVERY_PROVIDER": "smtp", "EMAIL_FROM": "webmaster@localhost"},
            ["E003"],
        ),
        ({"EMAIL_DELIVERY_PROVIDER": "mailgun"}, ["E004"]),
        ({"EMAIL_DELIVERY_PROVIDER": "mailgun", "EMAIL_API_KEY": "k"}, ["E004"]),
        ({"ENABLE_EMAIL_DELIVERY": True}, ["E004"]),
        ({"ENABLE_EMAIL_DELIVERY": True, "EMAIL_FROM": ""}, ["E003", "E004"]),
        ({"ENABLE_EMAIL_DELIVERY": True, "EMAIL_DELIVERY_PROVIDER": "smtp"}, []),
        (
            {
                "EMAIL_DELIVERY_PROVIDER": "Mailgun",
                "EMAIL_API_KEY": "k",
                "EMAIL_DOMAIN": "mg.x.org",
            },
            [],
        ),
    ],
    ids=str,
)
def test_a_provider_that_could_not_send_stops_the_start(settings, changes, errors):
    settings.DEFAULT_FROM_EMAIL = ""
    for name, value in changes.items():
        setattr(settings, name, value)
    assert ids(checks.delivery_has_a_sender) == errors


@pytest.mark.parametrize(
    ("flows", "warnings"),
    [
        ({"USER_META_MODEL": "app.models.UserMeta"}, ["W001"]),
        ({"RESET_TTL": 5, "ANOTHER": 1}, ["W002", "W002"]),
        ({"LOG_VERIFICATION_CODES_IN_DEBUG": True}, ["W003"]),
        ({"LOG_VERIFICATION_CODES_IN_DEBUG": False, "USER_META_MODEL": ""}, []),
    ],
    ids=str,
)
def test_a_key_that_changes_nothing_is_told(settings, flows, warnings):
    settings.WORKFLOWS = flows
    assert ids(checks.settings_are_valid) == []
    assert ids(checks.workflow_keys_are_known) == warnings


@pytest.mark.parametrize(
    ("policy", "warnings"), [("open", ["W004"]), ("domains", []), ("invite_only", [])]
)
def test_a_deployment_is_told_that_everybody_may_register(settings, policy, warnings):
    settings.WORKFLOWS = {"REGISTRATION_POLICY": policy}
    assert ids(checks.registration_is_meant) == warnings


def test_the_seeds_sentence_names_the_meta_model(settings):
    settings.WORKFLOWS = {"USER_META_MODEL": "UserMeta"}
    with pytest.raises(ImproperlyConfigured, match="must be a dotted path like"):
        conf.current()


def test_w17_the_configuration_can_be_printed_without_its_key(settings):
    settings.EMAIL_API_KEY = "key-that-nobody-may-read"
    printed = repr(conf.current())
    assert "email_from='Tenantry <no-reply@tenantry.test>'" in printed
    assert "key-that-nobody-may-read" not in printed


# The variables, as a process reads them


def started(**variables: str) -> subprocess.CompletedProcess[str]:
    """Load the settings of the mail service in a process of their own."""
    program = (
        "import config.settings.mail as m;"
        "print([getattr(m, n) for n in ('ENABLE_EMAIL_DELIVERY', 'EMAIL_API_KEY',"
        "'EMAIL_DOMAIN', 'BCC_RECIPIENTS', 'EMAIL_FROM', 'EMAIL_LOG_RESPONSE_TEXT')])"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


NEW = {
    "ENABLE_EMAIL_DELIVERY": "yes",
    "EMAIL_API_KEY": "key",
    "EMAIL_DOMAIN": "mg.x.org",
    "BCC_RECIPIENTS": "a@x.org",
    "EMAIL_FROM": "Acme <no-reply@x.org>",
    "EMAIL_LOG_RESPONSE_TEXT": "on",
}
OLD = {
    "ENABLE_MAILGUN": "yes",
    "MAILGUN_API_KEY": "key",
    "MAILGUN_DOMAIN": "mg.x.org",
    "MAILGUN_BCC_RECIPIENTS": "a@x.org",
    "MAILGUN_COMPANY_NAME": "Acme <no-reply@x.org>",
    "MAILGUN_LOG_RESPONSE_TEXT": "on",
}


def test_an_old_name_counts_where_the_new_one_is_unset_with_one_warning_each():
    new, old = started(**NEW), started(**OLD)
    assert old.stdout == new.stdout
    assert "['True'," not in old.stdout
    assert new.stderr == ""
    for name in OLD:
        assert old.stderr.count(f"{name} is now called ") == 1


def test_an_old_and_a_new_name_that_agree_are_silent():
    both = started(**NEW, **OLD)
    assert (both.stdout, both.stderr) == (started(**NEW).stdout, "")


@pytest.mark.parametrize("old", OLD)
def test_an_old_and_a_new_name_that_differ_stop_the_start(old):
    answer = started(**NEW, **{old: "other"})
    assert answer.returncode == 1
    assert f"its old name {old} differ; unset {old}." in answer.stderr


def test_nothing_set_means_no_delivery_and_no_sender():
    assert started().stdout == "[None, '', '', '', '', False]\n"


@pytest.mark.parametrize(
    ("variables", "backend"),
    [
        ({}, "accounts.mail.devbox.EmailBackend"),
        ({"EMAIL_HOST": "mail.x.org"}, "django.core.mail.backends.smtp.EmailBackend"),
        ({"EMAIL_PORT": "1025"}, "django.core.mail.backends.smtp.EmailBackend"),
        (
            {"EMAIL_DELIVERY_PROVIDER": "mailpit"},
            "django.core.mail.backends.smtp.EmailBackend",
        ),
        ({"DEVELOPMENT_MODE": "no"}, "django.core.mail.backends.smtp.EmailBackend"),
        ({"EMAIL_BACKEND": "a.B", "EMAIL_HOST": "x"}, "a.B"),
    ],
    ids=str,
)
def test_development_keeps_mail_in_the_mailbox_until_a_server_is_named(
    variables, backend
):
    program = "import config.settings.development as d; print(d.EMAIL_BACKEND)"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("EMAIL_")},
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
            **variables,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == f"{backend}\n"
