"""Which way a mail leaves: first match wins."""

from enum import Enum

from django.core.exceptions import ImproperlyConfigured

from accounts.conf import Conf, boolean


class Provider(Enum):
    """The ways a mail can leave."""

    DISABLED = "disabled"
    MAILGUN = "mailgun"
    MAILPIT = "mailpit"
    SMTP = "smtp"


class DeliveryRefused(Exception):
    """Nobody may carry this mail; the message says why."""


def resolve(conf: Conf, *, tenant_enabled: bool, enabled: object = None) -> Provider:
    """Return the provider for the settings and the argument of `send_email`.

    Raises DeliveryRefused where `enabled` is neither yes nor no, and where the
    provider has no sender, or is Mailgun and has no key or domain.
    """
    provider = _first_match(conf, tenant_enabled=tenant_enabled, enabled=enabled)
    if provider is Provider.DISABLED:
        return provider
    if not conf.email_from:
        raise DeliveryRefused("EMAIL_FROM is empty")
    if provider is Provider.MAILGUN and (missing := missing_of_mailgun(conf)):
        raise DeliveryRefused(f"{missing[0]} is empty")
    return provider


def _first_match(conf: Conf, *, tenant_enabled: bool, enabled: object) -> Provider:
    if conf.provider == "disabled" or not tenant_enabled:
        return Provider.DISABLED
    wanted = _wanted(enabled)
    if wanted is False:
        return Provider.DISABLED
    if conf.provider:
        return Provider(conf.provider)
    if conf.delivery_enabled:
        return Provider.MAILGUN
    # Before `wanted`: development never reaches a real provider without being told.
    if conf.development:
        return Provider.SMTP
    return Provider.MAILGUN if wanted else Provider.DISABLED


def missing_of_mailgun(conf: Conf) -> list[str]:
    """Return the variables that Mailgun needs and that are empty."""
    values = {"EMAIL_API_KEY": conf.api_key, "EMAIL_DOMAIN": conf.domain}
    return [name for name, value in values.items() if not value]


def _wanted(enabled: object) -> bool | None:
    if enabled is None:
        return None
    try:
        return boolean("enabled", "neither" if enabled == "" else enabled)
    except ImproperlyConfigured as error:
        raise DeliveryRefused("enabled is neither yes nor no") from error
