"""Browsers that are signed in to the pages: Django's session, and a device's row.

The row is what a person sees and ends on the page of devices; without it, or with one
that has ended, the browser's session is worth nothing.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from accounts import clients, refresh_tokens, sessions
from accounts.models import RefreshSession, SecurityEvent, User
from accounts.refresh_tokens import Device
from kernel import clock, codes

BACKEND: Final = "accounts.backends.PasswordBackend"
#: Where Django's session names its device.
DEVICE: Final = "accounts_device"
#: How old the note of the last use may be before it is written again.
NOTED: Final = timedelta(minutes=1)


def begin(
    request: HttpRequest, user: User, *, factor_shown_at: datetime | None = None
) -> RefreshSession:
    """Sign the browser in under a new session key; return its device.

    Whoever was signed in here before is signed out.
    """
    before = sessions.of(request)
    if before is not None:
        sessions.end(before, reason="replaced")
        # Django would keep the key for the same person.
        request.session.flush()
    device = Device(
        RefreshSession.Kind.PAGE, clients.label(request), clients.prefix(request)
    )
    login(request, user, backend=BACKEND)
    session = refresh_tokens.begin(
        user, device, factor_shown_at=factor_shown_at
    ).session
    request.session[DEVICE] = session.pk.hex
    # The row's own limits end it earlier; the browser keeps its cookie until then.
    life = session.expires_at - clock.now()
    request.session.set_expiry(int(life.total_seconds()))
    _note(request, session)
    return session


def end(request: HttpRequest) -> None:
    """Sign the browser out: its row ends, and its session goes."""
    session = sessions.of(request)
    if session is not None:
        sessions.end(session, reason="sign_out")
    logout(request)


def keep(request: HttpRequest, user: User) -> None:
    """Carry the browser over to the person's new token version, under a new key."""
    request.session.cycle_key()
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


def user_of(request: HttpRequest) -> User | AnonymousUser:
    """Return who is signed in, with the device as `request.auth_session`.

    One statement beside that of Django's session. A session whose device has ended
    is deleted.
    """
    session = _device(request.session)
    if session is None:
        if SESSION_KEY in request.session:
            request.session.flush()
        return AnonymousUser()
    _note(request, session)
    if clock.now() - session.last_used_at > NOTED:
        _touch(session)
    return session.user


def _note(request: HttpRequest, session: RefreshSession) -> None:
    request.auth_session = session  # type: ignore[attr-defined]
    request.auth_via = SecurityEvent.Via.SESSION  # type: ignore[attr-defined]


def _device(browser: SessionBase) -> RefreshSession | None:
    named, user_id = browser.get(DEVICE), browser.get(SESSION_KEY)
    if not named or not user_id:
        return None
    session = sessions.find(
        pk=UUID(hex=named), user_id=int(user_id), kind=RefreshSession.Kind.PAGE
    )
    if session is None or not sessions.is_alive(session):
        return None
    return session if _fits(browser, session.user) else None


def _fits(browser: SessionBase, user: User) -> bool:
    """Tell whether password, token version and tenant are those of the sign-in."""
    kept = str(browser.get(HASH_SESSION_KEY, "")).encode()
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(codes.equal(kept, one.encode()) for one in hashes)


def _touch(session: RefreshSession) -> None:
    """Note the use, and let the time that the device may rest begin anew."""
    now = clock.now()
    RefreshSession.objects.filter(pk=session.pk).update(
        last_used_at=now, idle_expires_at=now + sessions.rules_of(session).idle
    )
