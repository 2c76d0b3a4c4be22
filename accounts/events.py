"""Write security events; they hold no secret and are never changed."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from accounts.models import SecurityEvent, User


def last() -> "QuerySet[Any]":
    """Return the query of the last event's instant; for TENANT_ACTIVITY."""
    return SecurityEvent.objects.order_by("-id").values_list("at")[:1]


def record(
    name: str,
    *,
    subject: User | None = None,
    by: User | None = None,
    via: str = SecurityEvent.Via.SYSTEM,
    client: str = "",
    details: Mapping[str, Any] | None = None,
) -> SecurityEvent:
    """Append one event in the caller's transaction; `by=None` is the system.

    `via` is one of SecurityEvent.Via, as the word of a request (`auth_via`) is.
    """
    return SecurityEvent.objects.create(
        name=name,
        subject=subject.pk if subject else None,
        actor=by.pk if by else None,
        via=via,
        client_prefix=client,
        details=dict(details or {}),
    )
