"""Devices that are signed in: find them, ask what they may, end them.

A device is begun and goes on by its refresh tokens (`refresh_tokens.py`), and its
person ends it by `sign_out.py`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest

from accounts import challenges, demands
from accounts.demands import Demands
from accounts.errors import ReauthenticationRequired
from accounts.models import RefreshSession, User
from kernel import clock


def end(session: RefreshSession, *, reason: str) -> None:
    """Revoke one device, once."""
    RefreshSession.objects.filter(pk=session.pk, revoked_at__isnull=True).update(
        revoked_at=clock.now(), revoked_reason=reason
    )


def end_all(user: User, *, reason: str, but: UUID | None = None) -> None:
    """Revoke all devices of a person, or all but one."""
    devices = RefreshSession.objects.filter(user=user, revoked_at__isnull=True)
    if but is not None:
        devices = devices.exclude(pk=but)
    devices.update(revoked_at=clock.now(), revoked_reason=reason)


def end_everywhere() -> None:
    """Revoke all devices of the tenant; TENANT_SESSIONS_END of a tenant that ends."""
    RefreshSession.objects.filter(revoked_at__isnull=True).update(
        revoked_at=clock.now(), revoked_reason="tenant"
    )


def end_overdue(*rules: Demands) -> None:
    """Revoke all devices of the tenant that one of these rules has ended.

    So that longer limits bring nobody back who was signed out by shorter ones.
    """
    now = clock.now()
    rest, whole = min(one.idle for one in rules), min(one.longest for one in rules)
    RefreshSession.objects.filter(
        Q(last_used_at__lt=now - rest) | Q(created_at__lt=now - whole),
        revoked_at__isnull=True,
    ).update(revoked_at=now, revoked_reason="limits")


def open_of(own: RefreshSession) -> list[RefreshSession]:
    """Return the devices of a device's person that are signed in, itself first.

    `own` is one from `find`: what the tenant demands now counts for all of them.
    """
    now, rules = clock.now(), rules_of(own)
    found = RefreshSession.objects.filter(
        user_id=own.user_id,
        revoked_at__isnull=True,
        idle_expires_at__gte=now,
        expires_at__gte=now,
        last_used_at__gte=now - rules.idle,
        created_at__gte=now - rules.longest,
        token_version=own.user.token_version,
    ).order_by("-last_used_at")
    for session in found:
        _shorten(session, rules)
    return sorted(found, key=lambda session: session.pk != own.pk)


@transaction.atomic
def outdate(user: User, *, reason: str, keep: UUID | None = None) -> None:
    """End all access that a person was given, but for the device `keep`.

    The token version rises, so access tokens and known devices end as well; `user`
    gets the new one. So do codes and tickets that wait: a stranger may have asked.
    """
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
    user.refresh_from_db(fields=["token_version"])
    end_all(user, reason=reason, but=keep)
    challenges.drop_tickets(user)
    if keep is not None:
        renew(keep, user)


def note_factor(session_id: UUID, *, shown_at: datetime | None) -> None:
    """Note on the device when a second factor was last shown, or that there is none."""
    RefreshSession.objects.filter(pk=session_id).update(mfa_at=shown_at)


def note_proof(session: RefreshSession, *, with_factor: bool) -> None:
    """Note on the device that its person proved just now who it is."""
    session.authenticated_at = now = clock.now()
    changed = {"mfa_at": now} if with_factor else {}
    RefreshSession.objects.filter(pk=session.pk).update(authenticated_at=now, **changed)


def renew(session_id: UUID, user: User) -> None:
    """Carry one device over to the person's new token version."""
    RefreshSession.objects.filter(pk=session_id, user=user).update(
        token_version=user.token_version, last_used_at=clock.now()
    )


def find(**which: Any) -> RefreshSession | None:
    """Return a device with its person and what the tenant demands, in one statement.

    A limit that the tenant made shorter since the sign-in counts at once.
    """
    session = (
        RefreshSession.objects.select_related("user")
        .annotate(rules=demands.joined())
        .filter(**which)
        .first()
    )
    if session is not None:
        _shorten(session, rules_of(session))
    return session


def _shorten(session: RefreshSession, rules: Demands) -> None:
    """Let the device end when the present limits say; nothing is written."""
    session.idle_expires_at = min(
        session.idle_expires_at, session.last_used_at + rules.idle
    )
    session.expires_at = min(session.expires_at, session.created_at + rules.longest)


def rules_of(session: RefreshSession) -> Demands:
    """Return what the tenant demands, of a device from `find`."""
    return demands.read(session.rules)  # type: ignore[attr-defined]


def of(request: HttpRequest) -> RefreshSession | None:
    """Return the device that a request came from; None for a stranger or an API token.

    It holds for pages and for access tokens alike.
    """
    if not request.user.is_authenticated:  # finds the device of a page as well
        return None
    found: RefreshSession | None = getattr(request, "auth_session", None)
    return found


def here(request: HttpRequest) -> RefreshSession:
    """Return the device of a request that only signed-in people get through."""
    found = of(request)
    assert found is not None  # noqa: S101 - the page or TenantAuth has seen to it
    return found


def require_still_in(session_id: UUID, user: User) -> None:
    """Raise ReauthenticationRequired where a device was signed out meanwhile.

    Ask with the person's row locked, before what outlasts the device: whoever signs a
    person out locks it too, so no request that began before is late.
    """
    session = find(pk=session_id, user_id=user.pk)
    if session is None or not is_alive(session):
        raise ReauthenticationRequired


def needs_factor(session: RefreshSession) -> bool:
    """Tell whether the tenant demands a second factor that this device lacks."""
    return session.mfa_at is None and rules_of(session).second_factor


def is_alive(session: RefreshSession) -> bool:
    """Tell whether the device is signed in; reads the row and its user, no query."""
    now = clock.now()
    user = session.user
    return (
        session.revoked_at is None
        and now <= session.idle_expires_at
        and now <= session.expires_at
        and user.is_active
        and session.token_version == user.token_version
    )
