"""Sign in by name and password: limits first, one answer for every failure."""

from datetime import timedelta
from typing import NoReturn

from django.http import HttpRequest

from accounts import challenges, events, limits, passwords, sessions
from accounts.addresses import normalise_username
from accounts.errors import (
    EmailUnverified,
    PasswordChangeRequired,
    ReauthenticationRequired,
    SignInFailed,
)
from accounts.models import User
from kernel import clock
from kernel.text import storable

#: How old a proof of who somebody is may be for what needs a fresh one.
RECENT = timedelta(minutes=10)


def authenticate(name: str, password: str, *, client: str) -> User:
    """Return the person who typed the right password and may sign in.

    Raises SignInFailed for every kind of mismatch, Throttled above the limits, and
    only after a right password EmailUnverified or PasswordChangeRequired.
    """
    limits.hit("sign_in.client", client)
    typed = normalise_username(name)
    limits.require_no_pause(typed, client)
    user = _find(name)
    if not passwords.matches(user, password) or user is None:
        _refuse(typed, client, user)
    if user.password_disabled_at or (user.is_email_verified and not user.is_active):
        _refuse(typed, client, user)
    _require_ready(user)
    limits.forget_failures(typed, client)
    return user


def record_success(user: User, *, client: str, via: str) -> None:
    """Note the sign-in on the row and in the events."""
    User.objects.filter(pk=user.pk).update(last_login=clock.now(), failed_sign_ins=0)
    events.record("sign_in", subject=user, by=user, via=via, client=client)


def require_recent(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the person proved lately who it is.

    For changes of address, second factor and owner, by page or by access token; an
    API token proves nothing of the kind.
    """
    session = sessions.of(request)
    if session is None or clock.now() - session.authenticated_at > RECENT:
        raise ReauthenticationRequired


def _find(name: str) -> User | None:
    if not storable(name):
        return None
    found: User | None = User.objects.people().named(name).order_by("id").first()
    return found


def _refuse(typed: str, client: str, user: User | None) -> NoReturn:
    limits.count_failure(typed, client)
    events.record("sign_in_failed", subject=user, client=client)
    raise SignInFailed


def _require_ready(user: User) -> None:
    if not user.is_email_verified:
        raise EmailUnverified
    if user.force_password_reset:
        ticket = challenges.issue_reset_ticket(user)
        raise PasswordChangeRequired(
            extra={"ticket": ticket, "ticket_expires_in": challenges.TICKET_SECONDS}
        )
