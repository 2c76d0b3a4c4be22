"""Devices that are signed in: begin, rotate, notice a copied token, end.

The refresh token reads `tnr_<session 32>_<family 22>_<secret 43>`, fixed widths.
The next secret follows from the last one, so two tabs that send the same token
within the grace get the same answer.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from accounts import challenges, crypto, demands, events, limits
from accounts.demands import Demands
from accounts.errors import SessionEnded
from accounts.models import RefreshSession, User
from kernel import clock, codes
from tenants import signing

GRACE = timedelta(seconds=10)
TEXT = re.compile(
    r"tnr_(?P<sid>[0-9a-f]{32})_(?P<family>[\w-]{22})_(?P<secret>[\w-]{43})\Z",
    re.ASCII,
)


@dataclass(frozen=True)
class Device:
    """What is known about the client that signs in."""

    kind: str
    label: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Issued:
    """A device and the refresh token that only its client gets."""

    session: RefreshSession
    user: User
    refresh: str = field(repr=False)


@dataclass(frozen=True)
class Presented:
    """A refresh token that a client showed, in its parts."""

    session_id: UUID
    family: str = field(repr=False)
    secret: str = field(repr=False)


def begin(
    user: User, device: Device, *, factor_shown_at: datetime | None = None
) -> Issued:
    """Make the row of a newly signed-in device, with its first refresh token."""
    family = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
    secret = codes.new_secret()
    now = clock.now()
    rules = demands.current()
    session = RefreshSession.objects.create(
        user=user,
        kind=device.kind,
        family_hash=_family_hash(family),
        current_hash=_secret_hash(secret),
        created_at=now,
        last_used_at=now,
        authenticated_at=now,
        mfa_at=factor_shown_at,
        idle_expires_at=now + rules.idle,
        expires_at=now + rules.longest,
        token_version=user.token_version,
        client_label=device.label,
        client_prefix=device.prefix,
    )
    return Issued(session, user, _text(session, family, secret))


def rotate(token: str) -> Issued:
    """Return the device with its next refresh token.

    The last token counts for another 10 s and gets the same answer; any older one
    means that it was copied, and ends the device. Raises SessionEnded, and Throttled
    for a device that asks all the time.
    """
    presented = _parse(token)
    session = _open_session(presented)
    secret = _advance(session, presented)
    return Issued(session, session.user, _text(session, presented.family, secret))


def revoke(token: str) -> None:
    """End the device of a refresh token, if it is one; says nothing otherwise."""
    try:
        presented = _parse(token)
    except SessionEnded:
        return
    session = RefreshSession.objects.filter(pk=presented.session_id).first()
    if session is not None and _is_family(session, presented):
        end(session, reason="sign_out")


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


def open_of(own: RefreshSession) -> list[RefreshSession]:
    """Return the devices of a device's person that are signed in, itself first."""
    now = clock.now()
    found = RefreshSession.objects.filter(
        user_id=own.user_id,
        revoked_at__isnull=True,
        idle_expires_at__gte=now,
        expires_at__gte=now,
        token_version=own.user.token_version,
    ).order_by("-last_used_at")
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


def _parse(token: str) -> Presented:
    match = TEXT.match(token)
    if match is None:
        raise SessionEnded
    return Presented(UUID(hex=match["sid"]), match["family"], match["secret"])


def _open_session(presented: Presented) -> RefreshSession:
    session = find(pk=presented.session_id)
    if session is None or not _is_family(session, presented):
        raise SessionEnded
    # After the family: whoever guesses a number cannot use up somebody's refreshes.
    limits.hit("refresh.session", session.pk.hex)
    if not is_alive(session):
        raise SessionEnded
    return session


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
        rules = rules_of(session)
        session.idle_expires_at = min(
            session.idle_expires_at, session.last_used_at + rules.idle
        )
        session.expires_at = min(session.expires_at, session.created_at + rules.longest)
    return session


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


def _family_hash(family: str) -> bytes:
    return signing.digest(family, salt="accounts.refresh_family")


def _secret_hash(secret: str) -> bytes:
    return signing.digest(secret, salt="accounts.refresh")


def _is_family(session: RefreshSession, presented: Presented) -> bool:
    return codes.equal(bytes(session.family_hash), _family_hash(presented.family))


def _advance(session: RefreshSession, presented: Presented) -> str:
    digest = _secret_hash(presented.secret)
    if codes.equal(bytes(session.current_hash), digest):
        secret = _next_secret(session, presented, session.generation + 1)
        if _store(session, digest, secret):
            return secret
        session.refresh_from_db()  # another tab was faster
        if session.revoked_at is not None:  # or its end; no token was copied
            raise SessionEnded
    if _in_grace(session, digest):
        return _next_secret(session, presented, session.generation)
    _report_reuse(session)
    raise SessionEnded


def _store(session: RefreshSession, digest: bytes, secret: str) -> bool:
    now = clock.now()
    changed = RefreshSession.objects.filter(
        pk=session.pk, current_hash=digest, revoked_at__isnull=True
    ).update(
        previous_hash=digest,
        current_hash=_secret_hash(secret),
        generation=F("generation") + 1,
        rotated_at=now,
        last_used_at=now,
        idle_expires_at=now + rules_of(session).idle,
    )
    return changed == 1


def _in_grace(session: RefreshSession, digest: bytes) -> bool:
    if session.previous_hash is None or session.rotated_at is None:
        return False
    if session.revoked_at is not None:
        return False
    recent = clock.now() - session.rotated_at <= GRACE
    return codes.equal(bytes(session.previous_hash), digest) and recent


@transaction.atomic
def _report_reuse(session: RefreshSession) -> None:
    from accounts import notices

    end(session, reason="reuse")
    events.record(
        "refresh_reuse",
        subject=session.user,
        client=session.client_prefix,
        details={"session": session.pk.hex},
    )
    notices.refresh_reused(session.user)


def _next_secret(session: RefreshSession, presented: Presented, generation: int) -> str:
    text = "\x1f".join(
        (
            signing.bound(session.pk.hex),
            str(generation),
            presented.secret,
        )
    )
    raw = hmac.digest(crypto.derive("refresh"), text.encode(), "sha256")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _text(session: RefreshSession, family: str, secret: str) -> str:
    return f"tnr_{session.pk.hex}_{family}_{secret}"
