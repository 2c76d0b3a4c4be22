"""The account flows under the seed's names; each calls one function of ours."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from accounts import (
    challenges,
    details,
    editing,
    grouping,
    hiring,
    listing,
    recovery,
    registration,
)
from accounts.addresses import normalise_or_none
from accounts.challenges import Verdict
from accounts.errors import ActiveInvalid, TicketRequired
from accounts.hiring import TAKEN
from accounts.models import Challenge, User
from accounts.services import memory
from accounts.services.results import (
    ChangePasswordResult,
    ServiceResult,
    UserUpdateResult,
    VerifyCodeHttpResult,
    VerifyCodeOutcome,
    VerifyCodeResult,
)
from kernel import codes
from kernel.errors import ApplicationError

REGISTERED = (
    "Registration successful. Please check your email for the verification code."
)
CODE_SENT = "If the email exists, a reset code has been sent."
VERIFIED = "Code verified."
CHANGED = "Password changed successfully."
CREATED = (
    "User created successfully. The user can use the Forgot Password flow to establish"
    " a password and login."
)
UPDATED = "User updated successfully."
#: Status, machine word and sentence of each verdict, as in the seed.
ANSWERS = {
    Verdict.SUCCESS: (200, None, VERIFIED),
    Verdict.INVALID: (
        202,
        "code_invalid",
        "Invalid code. Please check your code and try again.",
    ),
    Verdict.EXPIRED: (400, "code_expired", "Code expired. Please request a new code."),
    Verdict.TOO_MANY_ATTEMPTS: (
        400,
        "too_many_attempts",
        "Too many attempts. Please request a new code.",
    ),
}
#: The names under which a flow and a ticket are remembered.
FLOW, TICKET = "flow", "ticket"


def generate_verification_code(*, length: int = 6) -> str:
    """Return a random code of A to Z and 2 to 9 without the look-alikes."""
    return codes.new_code(length)


def generate_strong_password(*, length: int = 32) -> str:
    """Return a URL-safe password of at least `length` random bytes."""
    return secrets.token_urlsafe(length)


def register_user_and_send_verification_email(  # noqa: PLR0917 - the seed's signature
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    username: str | None = None,
    groups: list[dict[str, Any]] | None = None,
    *,
    language: str | None = None,
) -> ServiceResult:
    """Register a person and mail the code; a taken address is told to this caller."""
    norm = normalise_or_none(email)
    if User.objects.filter(email_norm=norm, email_verified_at__isnull=False).exists():
        return ServiceResult(success=False, message=TAKEN, code="user_exists")
    try:
        grouping.role_of(grouping.read(groups), User.Role.MEMBER)
        flow = registration.register(
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            username=username,
            language=language or "",
        )
    except ApplicationError as error:
        return ServiceResult(success=False, message=error.detail, code=error.code)
    registration.join_groups(email, groups or [])
    memory.remember(FLOW, email, flow)
    return ServiceResult(success=True, message=REGISTERED, flow=flow)


def admin_register_user_and_send_setup_email(
    email: str,
    first_name: str,
    last_name: str,
    username: str | None = None,
    groups: list[dict[str, Any]] | None = None,
    *,
    by: User | None = None,
) -> ServiceResult:
    """Make a person without a password and mail the link that sets one.

    Unknown groups are skipped with an event.
    """
    try:
        hiring.hire(
            email=email,
            first_name=first_name,
            last_name=last_name,
            username=username,
            groups=grouping.read(groups),
            by=by,
        )
    except ApplicationError as error:
        return ServiceResult(success=False, message=error.detail, code=error.code)
    return ServiceResult(success=True, message=CREATED)


def send_forgot_password_code(email: str) -> ServiceResult:
    """Mail a reset code if the address has an account; the answer is always success."""
    try:
        flow = recovery.request_code(email=email, flow=memory.recall(FLOW, email))
    except ApplicationError:
        flow = challenges.new_flow()
    memory.remember(FLOW, email, flow)
    return ServiceResult(success=True, message=CODE_SENT, flow=flow)


def validate_reset_code(
    email: str, code: str, flow: str | None = None
) -> VerifyCodeOutcome:
    """Compare a code and return what became of it."""
    used = memory.recall(FLOW, email) if flow is None else flow
    verified = recovery.verify_code(email=email, code=code, flow=used)
    challenge = verified.challenge
    if verified.ticket and flow is None:
        memory.remember(TICKET, email, verified.ticket)
    return VerifyCodeOutcome(
        result=VerifyCodeResult(verified.verdict.value),
        attempts_remaining=verified.attempts_remaining,
        user=challenge.user if challenge else None,
        auto_login_after_verify=bool(
            challenge and challenge.purpose == Challenge.Purpose.REGISTER
        ),
        purpose=challenge.purpose if challenge else None,
        ticket=verified.ticket,
    )


def verify_reset_code(
    *, email: str, code: str, flow: str | None = None
) -> VerifyCodeHttpResult:
    """Compare a code and return the answer for a client."""
    try:
        outcome = validate_reset_code(email, code, flow)
    except ApplicationError as error:
        payload = {"detail": error.detail, "code": error.code}
        return VerifyCodeHttpResult(error.status, payload)
    status, word, sentence = ANSWERS[Verdict(outcome.result.value)]
    payload = {"detail": sentence}
    payload |= {"code": word} if word else {}
    payload |= _remaining(outcome) | _earned(outcome)
    return VerifyCodeHttpResult(
        status, payload, outcome.user, outcome.auto_login_after_verify
    )


def _remaining(outcome: VerifyCodeOutcome) -> dict[str, Any]:
    if outcome.attempts_remaining is None:
        return {}
    return {"attempts_remaining": outcome.attempts_remaining}


def _earned(outcome: VerifyCodeOutcome) -> dict[str, Any]:
    if outcome.purpose is None:
        return {}
    earned: dict[str, Any] = {"purpose": outcome.purpose}
    if outcome.ticket:
        earned["ticket"] = outcome.ticket
        earned["ticket_expires_in"] = challenges.TICKET_SECONDS
    return earned


def change_password(
    *,
    email: str,
    password: str,
    password_verify: str,
    authenticated_user: User | None = None,
    ticket: str | None = None,
    current_password: str | None = None,
) -> ChangePasswordResult:
    """Set a new password by a ticket, or for a signed-in person."""
    try:
        user = _change(
            email=email,
            password=password,
            password_verify=password_verify,
            authenticated_user=authenticated_user,
            ticket=ticket,
            current_password=current_password,
        )
    except ApplicationError as error:
        return ChangePasswordResult(
            success=False, message=error.detail, code=error.code
        )
    return ChangePasswordResult(
        success=True,
        message=CHANGED,
        user=user,
        auto_login_after_change=authenticated_user is None,
    )


def _change(
    *,
    email: str,
    password: str,
    password_verify: str,
    authenticated_user: User | None,
    ticket: str | None,
    current_password: str | None,
) -> User:
    if authenticated_user is not None:
        return recovery.change_own(
            authenticated_user,
            email=email,
            password=password,
            password_verify=password_verify,
            current_password=current_password,
            # Python code that passes a person has checked who that is.
            is_trusted=current_password is None,
        )
    used = memory.recall(TICKET, email) if ticket is None else ticket
    if not used:
        raise TicketRequired
    return recovery.change_with_ticket(
        ticket=used, password=password, password_verify=password_verify, email=email
    )


def get_user_details(user: User) -> dict[str, Any]:
    """Return what is told about an account; one query."""
    return details.of(user)


def list_users(
    *,
    exclude_groups: str | Iterable[str] | None = None,
    limit: int | None = None,
    after: int | None = None,
) -> list[dict[str, Any]]:
    """Return people as dictionaries, the active ones first, then by user name.

    `exclude_groups` is a comma list or a collection; `after` the id of the last one of
    the page before. One query.
    """
    return listing.page(exclude_groups=exclude_groups, limit=limit, after=after)


def update_user(
    user: User, data: Mapping[str, Any], *, by: User | None = None
) -> UserUpdateResult:
    """Change names, address, password, activity or groups, all or none of them.

    Without `by` it is trusted code: a new address holds at once and must be proven
    before the next sign-in. Unknown groups are skipped with an event.
    """
    try:
        flow = editing.change(user, _changes(data), by=by)
    except ApplicationError as error:
        return UserUpdateResult(success=False, message=error.detail, code=error.code)
    if flow:
        memory.remember(FLOW, str(data["email"]), flow)
    return UserUpdateResult(success=True, message=UPDATED, email_pending=bool(flow))


def _changes(data: Mapping[str, Any]) -> editing.Changes:
    is_active = data.get("isActive")
    if is_active is not None and not isinstance(is_active, bool):
        raise ActiveInvalid
    groups = data.get("groups")
    return editing.Changes(
        email=_given(data, "email"),
        first_name=_given(data, "firstName"),
        last_name=_given(data, "lastName"),
        password=_given(data, "password"),
        is_active=is_active,
        groups=None if groups is None else grouping.read(groups),
    )


def _given(data: Mapping[str, Any], name: str) -> str | None:
    """Return a text, or None for one that is missing or blank."""
    text = "" if data.get(name) is None else str(data[name])
    return text if text.strip() else None
