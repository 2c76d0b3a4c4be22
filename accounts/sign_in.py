"""Sign in by name and password, then by the second factor where there is one.

Limits come first, and there is one answer for every failure.
"""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.http import HttpRequest

from accounts import (
    challenges,
    events,
    factors,
    failures,
    limits,
    mfa_tickets,
    notices,
    passwords,
    sessions,
)
from accounts.addresses import normalise_username
from accounts.errors import (
    EmailUnverified,
    FactorFailed,
    FactorRequired,
    FactorTooLate,
    PasswordChangeRequired,
    ReauthenticationRequired,
    SignInFailed,
)
from accounts.failures import Attempt
from accounts.known_devices import Known
from accounts.models import RefreshSession, User
from kernel import clock
from kernel.text import storable

#: How old a proof of who somebody is may be for what needs a fresh one.
RECENT: Final = timedelta(minutes=10)
NOT_RIGHT: Final = "This is not right. Try again."


def authenticate(
    name: str, password: str, *, client: str, known: Known | None = None
) -> User:
    """Return the person who typed the right password and may sign in with it alone.

    `known` says for whom the device is a known one.
    Raises SignInFailed for every kind of mismatch, Throttled above the limits, and
    only after a right password EmailUnverified, PasswordChangeRequired or
    FactorRequired, with the tickets for the step that is missing.
    """
    user = _find(name)
    is_known = user is not None and known is not None and known.includes(user)
    attempt = Attempt(normalise_username(name), user, client, is_known)
    failures.require_slow(attempt)
    failed = failures.take_try(attempt)
    matches = passwords.matches(user, password) and failed is not None
    if user is None or not matches or not _may_enter(user):
        failures.count(attempt, failures=failed)
        raise SignInFailed
    failures.forget(attempt)
    _require_ready(user)
    return user


def authenticate_factor(ticket: str, code: str, *, client: str) -> User:
    """Return the person of an `mfa_ticket` who showed the second factor.

    Raises FactorFailed with the tries that are left, FactorTooLate for a ticket that
    is unknown, old or spent, and Throttled above ten tries of an account in an hour.
    """
    found = mfa_tickets.find(ticket)
    if found is None or found.user is None:
        raise FactorTooLate
    user = found.user
    limits.hit("mfa.account", str(user.pk))
    left = mfa_tickets.take_try(found)
    if left is None:
        raise FactorTooLate
    with transaction.atomic():
        passed = factors.verify(user, code) and mfa_tickets.consume(found)
    if not passed:
        events.record("mfa.failed", subject=user, client=client)
        raise FactorFailed(extra={"attempts_remaining": left})
    # Given back and not forgotten: the wrong codes of somebody else still count.
    limits.give_back("mfa.account", str(user.pk))
    return user


def complete(
    user: User, session: RefreshSession, *, via: str, known: Known | None = None
) -> None:
    """Note the sign-in on the row and in the events; tell of a new device by mail.

    Call it in the transaction that made the device.
    """
    User.objects.filter(pk=user.pk).update(last_login=clock.now())
    client = session.client_prefix
    events.record("sign_in", subject=user, by=user, via=via, client=client)
    is_known = known is not None and known.includes(user)
    if not is_known and _is_new(user, session):
        notices.new_device(user, session.client_label or client)


def require_recent(request: HttpRequest) -> None:
    """Raise ReauthenticationRequired unless the person proved lately who it is.

    For changes of address, second factor and owner, by page or by access token; an
    API token proves nothing of the kind.
    """
    session = sessions.of(request)
    if session is None or clock.now() - session.authenticated_at > RECENT:
        raise ReauthenticationRequired


def reauthenticate(
    request: HttpRequest, *, password: str = "", code: str = "", client: str
) -> None:
    """Take a fresh proof: the current password, or a code of the second factor.

    Raises ReauthenticationRequired where it is not right, Throttled above the limits.
    """
    session = sessions.of(request)
    if session is None:
        raise ReauthenticationRequired
    user = session.user
    if code:
        limits.hit("mfa.account", str(user.pk))
        passed = factors.verify(user, code)
    else:
        limits.hit("password.account", str(user.pk))
        passed = passwords.matches(user, password)
    if not passed:
        events.record("reauthentication_failed", subject=user, by=user, client=client)
        raise ReauthenticationRequired(NOT_RIGHT)
    if code:
        limits.give_back("mfa.account", str(user.pk))
    with transaction.atomic():
        sessions.note_proof(session, with_factor=bool(code))
        events.record("reauthenticated", subject=user, by=user, client=client)


def _find(name: str) -> User | None:
    if not storable(name):
        return None
    found: User | None = User.objects.people().named(name).order_by("id").first()
    return found


def _may_enter(user: User) -> bool:
    """Tell whether the account is open; one that waits for its mailbox may be told."""
    is_waiting = not user.is_email_verified and user.deactivated_at is None
    return user.is_active or is_waiting


def _require_ready(user: User) -> None:
    if not user.is_email_verified:
        raise EmailUnverified
    if user.force_password_reset:
        ticket = challenges.issue_reset_ticket(user)
        raise PasswordChangeRequired(
            extra={"ticket": ticket, "ticket_expires_in": challenges.TICKET_SECONDS}
        )
    if factors.is_enrolled(user):
        ticket = mfa_tickets.issue(user)
        raise FactorRequired(
            extra={
                "mfa_ticket": ticket,
                "mfa_ticket_expires_in": mfa_tickets.SECONDS,
            }
        )


def _is_new(user: User, session: RefreshSession) -> bool:
    """Tell whether a device that shows no cookie is one to tell of.

    A person's first is not; an app is known by its name and network.
    """
    earlier = RefreshSession.objects.filter(user=user).exclude(pk=session.pk)
    if not earlier.exists():
        return False
    if session.kind != RefreshSession.Kind.MOBILE:
        return True
    return not earlier.filter(
        kind=session.kind,
        client_label=session.client_label,
        client_prefix=session.client_prefix,
    ).exists()
