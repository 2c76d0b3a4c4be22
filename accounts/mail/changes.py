"""Tell of each change of a mail: a log line, and the observer of the settings.

Neither gets a body or a secret; the log gets masked addresses only.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.module_loading import import_string

from accounts import conf, recipients
from accounts.models import MailMessage
from kernel import clock
from tenants import context

logger = logging.getLogger("accounts.mail")


@dataclass(frozen=True)
class Delivery:
    """What EMAIL_DELIVERY_OBSERVER is called with, after the commit."""

    tenant: UUID
    message: int
    category: str
    template: str
    state: str
    provider: str
    provider_message_id: str
    attempts: int
    error: str
    related: str
    at: datetime
    to: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


def announce(message: MailMessage) -> None:
    """Log the state that a message has now, and tell the observer after the commit."""
    logger.info(
        "mail.%s",
        message.state,
        extra={
            "mail": message.pk,
            "category": message.category,
            "state": str(message.state),
            "to": [recipients.mask(one) for one in message.to],
            "attempts": message.attempts,
            "reason": message.last_error,
        },
    )
    if conf.current().observer:
        transaction.on_commit(partial(_observe, _record(message)), robust=True)


def _record(message: MailMessage) -> Delivery:
    return Delivery(
        tenant=context.context_uuid(),
        message=message.pk,
        category=message.category,
        template=message.template,
        state=str(message.state),
        provider=message.provider,
        provider_message_id=message.provider_message_id,
        attempts=message.attempts,
        error=message.last_error,
        related=message.related,
        at=clock.now(),
        to=tuple(message.to),
        metadata=message.metadata,
    )


def _observe(record: Delivery) -> None:
    """Call the observer; its failure is its own."""
    try:
        import_string(conf.current().observer)(record)
    except Exception as error:  # noqa: BLE001 - a broken observer breaks no send
        # The text of the error is the observer's and may hold anything.
        logger.warning(
            "mail.observer_failed",
            extra={"mail": record.message, "error": type(error).__name__},
        )
