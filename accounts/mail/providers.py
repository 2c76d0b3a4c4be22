"""Which way a mail leaves: first match wins."""

from enum import Enum

from django.core.exceptions import ImproperlyConfigured

from accounts.conf import Conf, boolean


class Provider(Enum):
    """The ways a mail can leave."""

    DISABLED = "disabled"
    SMTP = "smtp"
    MAILPIT = "mailpit"
    #: Development without a word about delivery: kept as files, read in a page.
    MAILBOX = "mailbox"


class DeliveryRefused(Exception):
    """Nobody may carry this mail; the message says why."""


def resolve(conf: Conf, *, tenant_enabled: bool, enabled: object = None) -> Provider:
    """Return the provider for the settings and the argument of `send_email`.

    Raises DeliveryRefused where `enabled` is no yes or no, or where the answer would
    be mailgun, which this version does not have.
    """
    if conf.provider == "disabled" or not tenant_enabled:
        return Provider.DISABLED
    wanted = _wanted(enabled)
    if wanted is False:
        return Provider.DISABLED
    if conf.provider:
        return Provider(conf.provider)
    if conf.delivery_enabled:
        raise DeliveryRefused("mailgun is not supported")
    if conf.development:
        return Provider.MAILBOX
    if wanted:
        raise DeliveryRefused("mailgun is not supported")
    return Provider.DISABLED


def _wanted(enabled: object) -> bool | None:
    if enabled is None:
        return None
    try:
        return boolean("enabled", "neither" if enabled == "" else enabled)
    except ImproperlyConfigured as error:
        raise DeliveryRefused("enabled is neither yes nor no") from error
