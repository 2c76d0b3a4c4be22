"""Come in by oneself: register, get a code by mail, prove the mailbox.

Every answer and the work behind it are the same for known and unknown addresses.
A typed password stays in the challenge of its own request and counts only there, so a
stranger's registration never sets the password of the mailbox's owner.
"""

from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import (
    addresses,
    branding,
    challenges,
    code_mails,
    conf,
    events,
    grouping,
    limits,
    passwords,
    registration_policy,
    seats,
    unproven,
)
from accounts.errors import MailUnavailable, MissingFields, RegistrationClosed
from accounts.mail import providers
from accounts.mail.providers import DeliveryRefused, Provider
from accounts.models import Challenge, User
from kernel import clock
from kernel.errors import NotFound
from kernel.text import require_storable
from tenants import context

LONGEST_USERNAME = 150


@dataclass(frozen=True)
class Application:
    """What somebody typed who wants to come in, checked and in canonical form."""

    email: str
    email_norm: str
    first_name: str
    last_name: str
    username: str
    password_hash: str


def register(
    *,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    username: str | None = None,
    language: str = "",
    client: str = "-",
) -> str:
    """Take a registration and return the flow secret that the code will need.

    Raises what the typed values deserve (MissingFields, EmailInvalid, NameInvalid,
    PasswordRefused), RegistrationClosed, MailUnavailable and Throttled; never tells
    whether the address is known.
    """
    policy = refuse_unless_open()
    limits.hit("register.client", client)
    limits.hit("register.tenant")
    application = check(
        email=email,
        first_name=first_name,
        last_name=last_name,
        password=password,
        username=username,
    )
    policy.require(application.email_norm)
    flow = challenges.new_flow()
    may_send = challenges.may_send(application.email_norm)
    with transaction.atomic():
        user = _account(application)
        _begin(
            application, user, flow, may_send=may_send, language=language, client=client
        )
    return flow


def refuse_unless_open() -> registration_policy.Policy:
    """Return who may register in the entered tenant; raise where nobody may."""
    if context.in_control():
        raise NotFound
    policy = registration_policy.current()
    if policy.is_closed:
        raise RegistrationClosed
    try:
        provider = providers.resolve(
            conf.current(), tenant_enabled=branding.current().mail_enabled
        )
    except DeliveryRefused:
        raise MailUnavailable from None
    if provider is Provider.DISABLED:
        raise MailUnavailable
    return policy


def check(
    *,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    username: str | None = None,
) -> Application:
    """Return the checked application; looks nothing up."""
    typed = {
        "firstName": first_name,
        "lastName": last_name,
        "email": email,
        "password": password,
    }
    missing = [name for name, value in typed.items() if not value.strip()]
    if missing:
        raise MissingFields(f"Missing required field(s): {', '.join(missing)}")
    require_storable(username=username)
    names = addresses.clean_name(first_name), addresses.clean_name(last_name)
    email_norm = addresses.normalise(email.strip())
    passwords.check(password, context=(email_norm.partition("@")[0], *names))
    return Application(
        email=email.strip(),
        email_norm=email_norm,
        first_name=names[0],
        last_name=names[1],
        username=username_for(username, email_norm),
        password_hash=passwords.hashed(password),
    )


def username_for(wanted: str | None, email_norm: str) -> str:
    """Return the wanted name where it can be one, else the address."""
    name = (wanted or "").strip()
    norm = addresses.normalise_username(name)
    fits = 0 < len(norm) <= LONGEST_USERNAME and "@" not in norm
    return (
        name
        if fits and len(name) <= LONGEST_USERNAME and name.isprintable()
        else email_norm
    )


def _account(application: Application) -> User:
    """Return the account of the address, new and pending where there was none.

    The statements are the same whether the address or the wanted name is taken.
    """
    for username in (application.username, application.email_norm):
        user = User(
            username=username,
            email=application.email,
            first_name=application.first_name,
            last_name=application.last_name,
            password=make_password(None),
        )
        user.normalise_names()
        User.objects.bulk_create([user], ignore_conflicts=True)
    found: User = User.objects.get(email_norm=application.email_norm)
    return found


def _begin(
    application: Application,
    user: User,
    flow: str,
    *,
    may_send: bool,
    language: str,
    client: str,
) -> None:
    is_pending = may_send and not user.is_email_verified and not user.deactivated_at
    new = challenges.issue_code(
        Challenge.Purpose.REGISTER,
        email_norm=application.email_norm,
        flow=flow,
        user=user if is_pending else None,
        payload={
            "first_name": application.first_name,
            "last_name": application.last_name,
            "password": application.password_hash,
        },
        language=language,
        client=client,
    )
    events.record("register.requested", subject=user, client=client)
    if is_pending and not new.is_decoy:
        code_mails.send(new, user, language=language)
    elif may_send and user.is_active:
        code_mails.send_already_registered(user)
    else:
        code_mails.send_nothing()


def join_groups(email: str, groups: list[dict[str, Any]]) -> None:
    """Put a new person into groups that trusted code names; unknown ones are skipped.

    Of two entries with one name the later counts. Raises RoleTooHigh for `Owner` and
    `Superuser`.
    """
    user = User.objects.filter(email_norm=addresses.normalise(email.strip())).first()
    if user is not None:
        grouping.change(user, grouping.read(groups))


def resend(*, email: str, flow: str, client: str = "-") -> str:
    """Send a new code for a pending registration of this flow; return the flow.

    Above the limits the last code stays valid; an unknown flow gets a decoy.
    """
    if context.in_control():
        raise NotFound
    limits.hit("request.client", client)
    email_norm = addresses.normalise(email.strip())
    pending = challenges.open_in_flow(Challenge.Purpose.REGISTER, email_norm, flow)
    if not challenges.may_send(email_norm):
        return flow
    with transaction.atomic():
        user = pending.user if pending else None
        new = challenges.issue_code(
            Challenge.Purpose.REGISTER,
            email_norm=email_norm,
            flow=flow,
            user=user,
            payload=pending.payload if pending else None,
            language=pending.language if pending else "",
            client=client,
        )
        if user is None or new.is_decoy:
            code_mails.send_nothing()
        else:
            code_mails.send(new, user, language=new.challenge.language)
    return flow


def apply_verified(challenge: Challenge) -> str | Literal[False] | None:
    """Let the owner of the mailbox in: in the transaction that consumed the code.

    Returns a ticket where the flow brought no password of its own, and False where
    the account was verified or deactivated in the meantime. Raises RegistrationClosed
    where the tenant closed its door to the address since, and QuotaExceeded where it
    has no seat left; whom an administrator let in comes in all the same.
    """
    user = User.objects.select_for_update().get(pk=challenge.user_id)
    if user.is_email_verified or user.deactivated_at:
        return False
    if unproven.is_registered(user):
        registration_policy.current().require(challenge.email_norm)
    seats.take(user)
    payload: dict[str, Any] = challenge.payload
    user.is_active = True
    user.email_verified_at = clock.now()
    user.first_name = payload.get("first_name", user.first_name)
    user.last_name = payload.get("last_name", user.last_name)
    user.save(
        update_fields=["is_active", "email_verified_at", "first_name", "last_name"]
    )
    challenges.drop_tickets(user)
    events.record("register.verified", subject=user, by=user)
    if "password" not in payload:
        return challenges.issue_reset_ticket(user)
    passwords.set_password(user, payload["password"])
    return None
