"""A dotted name in the settings that leads nowhere is told at start-up."""

import pytest

from tenants.checks import dotted_names


def test_the_settings_of_the_platform_are_sound() -> None:
    assert dotted_names(None) == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("TENANT_PROVISIONING_STEPS", ["accounts.no_such.step"], "tenants.E001"),
        ("TENANT_PROVISIONING_STEPS", ["accounts.provisioning.none"], "tenants.E001"),
        ("TENANT_MAIL_SENDER", "accounts.mail.nobody", "tenants.E001"),
        ("TENANT_OWNER_ENTRY", "", "tenants.E001"),
        ("OUTGOING_GUARD", "tenants.context.anything_goes", "tenants.E001"),
        ("TENANT_QUOTA_COUNTERS", {"seats": "accounts.seats.none"}, "tenants.E001"),
        ("TENANT_DUE_SOURCES", ["accounts.no_such"], "tenants.E002"),
        ("CONTROL_DUE_SOURCES", ["tenants.slugs"], "tenants.E002"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(settings, name, value, code) -> None:
    setattr(settings, name, value)
    (message,) = dotted_names(None)
    assert message.id == code
    assert name in message.msg
