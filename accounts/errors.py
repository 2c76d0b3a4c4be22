"""What can go wrong in accounts, as a caller meets it.

ApplicationError
├── BadRequest         EmailInvalid, NameInvalid, MissingFields, Blocked
│   ├── PasswordRefused    TooShort, TooLong, Common, Contextual
│   ├── CodeExpired, TooManyAttempts, TicketRequired, WrongAccount, ...
│   └── ScopeUnknown, PermissionUnknown, TokenLifeInvalid
├── Unauthenticated    SignInFailed
├── Forbidden          CrossSite, EmailUnverified, PasswordChangeRequired, ...
│   └── ScopeMissing
├── Conflict           NameTaken, TokenEnded, TokenRotated
├── Invalid            ServiceAccountUnknown
├── TooMany            Throttled
└── DatabaseAway       LimiterDown
"""

from kernel.errors import (
    BadRequest,
    Conflict,
    DatabaseAway,
    Forbidden,
    Invalid,
    TooMany,
    Unauthenticated,
)


class MissingFields(BadRequest):
    """Missing required field(s)."""

    code = "missing_fields"


class Blocked(BadRequest):
    """Blocked."""

    code = "blocked"


class EmailInvalid(BadRequest):
    """Enter an e-mail address like name@example.com."""

    code = "email_invalid"


class NameInvalid(BadRequest):
    """A name has at most 150 characters, and no markup, links or line breaks."""

    code = "name_invalid"


class NameTaken(Conflict):
    """This name or address has an account already."""

    code = "user_exists"


class MailUnavailable(BadRequest):
    """We could not send a verification email. Please try again later."""

    code = "mail_unavailable"


class RegistrationClosed(Forbidden):
    """Registration is closed here."""

    code = "registration_closed"


class PasswordRefused(BadRequest):
    """This password cannot be used."""

    code = "password_refused"


class PasswordTooShort(PasswordRefused):
    """A password needs at least 15 characters; a few words make a good one."""

    code = "password_too_short"


class PasswordTooLong(PasswordRefused):
    """A password has at most 1024 characters."""

    code = "password_too_long"


class PasswordCommon(PasswordRefused):
    """This password is on the list of common passwords; choose another one."""

    code = "password_common"


class PasswordContextual(PasswordRefused):
    """A password must not be built on your name, address or the workspace's name."""

    code = "password_contextual"


class PasswordMismatch(BadRequest):
    """Passwords do not match."""

    code = "password_mismatch"


class CodeExpired(BadRequest):
    """Code expired. Please request a new code."""

    code = "code_expired"


class TooManyAttempts(BadRequest):
    """Too many attempts. Please request a new code."""

    code = "too_many_attempts"


class TicketRequired(BadRequest):
    """Password reset verification required."""

    code = "ticket_required"


class WrongAccount(BadRequest):
    """Authenticated user does not match requested account."""

    code = "wrong_account"


class ReauthenticationRequired(Forbidden):
    """Enter your current password."""

    code = "reauthentication_required"


class SignInFailed(Unauthenticated):
    """The user name or the password is not right."""

    code = "sign_in_failed"


class SessionEnded(Unauthenticated):
    """Sign in again."""

    code = "unauthenticated"


class EmailUnverified(Forbidden):
    """Verify your e-mail address first; a new code can be sent at any time."""

    code = "email_unverified"


class PasswordChangeRequired(Forbidden):
    """Choose a new password before you go on."""

    code = "password_change_required"


class CrossSite(Forbidden):
    """This request came from another site."""

    code = "cross_site"


class ScopeUnknown(BadRequest):
    """There is no such scope."""

    code = "scope_unknown"


class ScopeMissing(Forbidden):
    """This API token may not do this."""

    code = "scope_missing"


class PermissionUnknown(BadRequest):
    """A service account cannot be given this permission or group."""

    code = "permission_unknown"


class ServiceAccountUnknown(Invalid):
    """There is no such service account."""

    code = "service_account_unknown"


class TokenLifeInvalid(BadRequest):
    """A token lives 1 to 366 days, and its old secret at most 7 days more."""

    code = "token_life_invalid"


class TokenEnded(Conflict):
    """This token does not work any more; create a new one."""

    code = "token_ended"


class TokenRotated(Conflict):
    """This token has a successor already."""

    code = "token_rotated"


class Throttled(TooMany):
    """Too many requests. Wait a moment and try again."""

    code = "too_many_requests"


class LimiterDown(DatabaseAway):
    """The request could not be checked. Try again in a moment."""

    code = "limiter_unavailable"
