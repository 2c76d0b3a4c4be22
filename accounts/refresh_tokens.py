"""Refresh tokens of devices: the first, the next, and a copied one noticed.

    issued = refresh_tokens.begin(bob, Device("mobile"))
    issued = refresh_tokens.rotate(issued.refresh)

The text reads `tnr_<session 32>_<family 22>_<secret 43>`, fixed widths.
The next secret follows from the last one, so two tabs that send the same token
within the grace get the same answer.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts import crypto, demands, events, limits, notices, sessions
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
        sessions.end(session, reason="sign_out")


def _parse(token: str) -> Presented:
    match = TEXT.match(token)
    if match is None:
        raise SessionEnded
    return Presented(UUID(hex=match["sid"]), match["family"], match["secret"])


def _open_session(presented: Presented) -> RefreshSession:
    session = sessions.find(pk=presented.session_id)
    if session is None or not _is_family(session, presented):
        raise SessionEnded
    # After the family: whoever guesses a number cannot use up somebody's refreshes.
    limits.hit("refresh.session", session.pk.hex)
    if not sessions.is_alive(session):
        raise SessionEnded
    return session


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
        idle_expires_at=now + sessions.rules_of(session).idle,
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
    sessions.end(session, reason="reuse")
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
