"""People whom an administrator lets in: an account, and a link to set the password."""

from collections.abc import Mapping

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts import (
    addresses,
    challenges,
    code_mails,
    events,
    grouping,
    registration,
    roles,
    seats,
)
from accounts.errors import MissingFields, NameTaken, NotUserManager
from accounts.models import Challenge, SecurityEvent, User
from kernel import clock
from kernel.text import require_storable

SYSTEM = SecurityEvent.Via.SYSTEM
TAKEN = "A user with this email already exists."


@transaction.atomic
def hire(
    *,
    email: str,
    first_name: str,
    last_name: str,
    username: str | None = None,
    groups: Mapping[str, bool] | None = None,
    role: str = User.Role.MEMBER,
    language: str = "",
    by: User | None = None,
    via: str = SYSTEM,
) -> User:
    """Return a new person without a password, to whom the set-up link was mailed.

    Unknown groups are skipped with an event; a user name that is taken gives way to
    the address. An address that somebody only registered, without proving it, is free.
    Raises MissingFields, EmailInvalid, NameInvalid, NameTaken, RoleTooHigh,
    QuotaExceeded and, for a person who may not, NotUserManager.
    """
    if by is not None and not by.may("users.create"):
        raise NotUserManager
    wanted = dict(groups or {})
    given = grouping.role_of(wanted, role)
    roles.require_may_give(given, by=by)
    roles.lock_owners()  # before any account, as everywhere
    user = _account(
        email=email,
        first_name=first_name,
        last_name=last_name,
        username=username,
        language=language,
    )
    roles.set_role(user, given, by=by, via=via)
    grouping.change(user, wanted, by=by, via=via)
    events.record("user.created", subject=user, by=by, via=via, details={"role": given})
    send_setup(user)
    return user


def send_setup(user: User) -> None:
    """Mail a new link to set the password; links and codes before work no more."""
    with transaction.atomic():
        challenges.drop_tickets(user)
        ticket = challenges.issue_setup_ticket(user)
        code_mails.send_setup(user, ticket)


def resend_setup(user: User, *, by: User, via: str = SYSTEM) -> None:
    """Mail the set-up link again to somebody who has not come in yet.

    Raises NotUserManager, OwnersOnly, NameTaken where the person is in already, and
    QuotaExceeded where the seat was given to somebody else since the link ended.
    """
    roles.require_may_manage(user, by=by)
    if not is_waiting(user):
        raise NameTaken
    with transaction.atomic():
        seats.take(user)
        send_setup(user)
        events.record("user.setup_sent", subject=user, by=by, via=via)


def is_waiting(user: User) -> bool:
    """Tell whether the account waits for its person to come in for the first time."""
    return not user.is_email_verified and user.deactivated_at is None


def _account(
    *,
    email: str,
    first_name: str,
    last_name: str,
    username: str | None,
    language: str,
) -> User:
    typed = {"firstName": first_name, "lastName": last_name, "email": email}
    missing = [name for name, value in typed.items() if not value.strip()]
    if missing:
        raise MissingFields(f"Missing required field(s): {', '.join(missing)}")
    require_storable(username=username)
    email_norm = addresses.normalise(email.strip())
    names = addresses.clean_name(first_name), addresses.clean_name(last_name)
    found = User.objects.select_for_update().filter(email_norm=email_norm).first()
    if found is not None:
        return _adopted(found, *names, language=language)
    wanted = registration.username_for(username, email_norm)
    if User.objects.named(wanted).exists():
        wanted = email_norm
    user = User(
        username=wanted,
        email=email.strip(),
        first_name=names[0],
        last_name=names[1],
        language=language,
        password=make_password(None),
        date_joined=clock.now(),
    )
    user.normalise_names()
    seats.take(user)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise NameTaken(TAKEN) from None
    return user


def _adopted(user: User, first_name: str, last_name: str, *, language: str) -> User:
    """Return an account that a stranger's registration left behind, made our own."""
    is_ours = Challenge.objects.open(at=clock.now()).filter(
        user=user, purpose=Challenge.Purpose.SETUP
    )
    if not is_waiting(user) or user.role != User.Role.MEMBER or is_ours.exists():
        raise NameTaken(TAKEN)
    seats.take(user)
    user.first_name, user.last_name = first_name, last_name
    user.language = language
    user.password = make_password(None)
    user.date_joined = clock.now()
    user.save(
        update_fields=[
            "first_name",
            "last_name",
            "language",
            "password",
            "date_joined",
        ]
    )
    return user
