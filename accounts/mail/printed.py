"""The resolved configuration of mail in the entered context, fit to be printed."""

from typing import Any

from django.conf import settings

from accounts import branding, conf
from accounts.mail import providers, transports
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.mail.rendering import Rendered
from accounts.models import MailMessage

MASK = "***"
BY_SMTP = frozenset({Provider.SMTP.value, Provider.MAILPIT.value})


def configuration() -> dict[str, Any]:
    """Return what a mail of this context would leave by; secrets are masked.

    A `problem` says why nothing would leave. Raises ImproperlyConfigured.
    """
    found, brand = conf.current(), branding.current()
    provider, problem = _provider()
    empty, unwritten = MailMessage(), Rendered(brand, "", "", "")
    facts = {
        "provider": provider,
        "problem": problem,
        "configured_provider": found.provider,
        "delivery_enabled": found.delivery_enabled,
        "development_mode": found.development,
        "mail_enabled_here": brand.mail_enabled,
        "sender": transports.sender(empty, unwritten) if found.email_from else "",
        "reply_to": transports.reply_to(empty, unwritten),
        "bcc": list(found.bcc),
    }
    if provider in BY_SMTP:
        return facts | _smtp()
    return facts | (_mailgun(found) if provider == Provider.MAILGUN.value else {})


def _provider() -> tuple[str, str]:
    try:
        provider = providers.resolve(
            conf.current(), tenant_enabled=branding.current().mail_enabled
        )
    except DeliveryRefused as error:
        return "", str(error)
    return provider.value, ""


def _smtp() -> dict[str, Any]:
    return {
        "backend": settings.EMAIL_BACKEND,
        "host": settings.EMAIL_HOST,
        "port": settings.EMAIL_PORT,
        "user": settings.EMAIL_HOST_USER,
        "password": MASK if settings.EMAIL_HOST_PASSWORD else "",
        "tls": bool(settings.EMAIL_USE_TLS),
        "ssl": bool(settings.EMAIL_USE_SSL),
    }


def _mailgun(found: conf.Conf) -> dict[str, Any]:
    return {
        "region": found.region,
        "api_url": found.api_url,
        "domain": found.domain,
        "api_key": MASK if found.api_key else "",
    }
