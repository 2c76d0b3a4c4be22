"""What can go wrong in accounts, as a caller meets it.

ApplicationError
├── BadRequest         EmailInvalid, NameInvalid, MissingFields, Blocked
│   ├── PasswordRefused    TooShort, TooLong, Common, Contextual, Breached
│   └── FactorCodeInvalid, CodeExpired, TooManyAttempts, TicketRequired, ...
├── Unauthenticated    SignInFailed, FactorRequired, FactorFailed, FactorTooLate
├── Forbidden          CrossSite, EmailUnverified, PasswordChangeRequired,
│                      FactorDemanded, OwnerProtected, ...
├── Conflict           NameTaken, FactorExists, FactorMissing
├── TooMany            Throttled
└── DatabaseAway       LimiterDown
"""

from kernel.errors import (
    BadRequest,
    Conflict,
    DatabaseAway,
    Forbidden,
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
    """A password needs more characters; a few words make a good one."""

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


class PasswordBreached(PasswordRefused):
    """This password is known from a data breach elsewhere; choose another one."""

    code = "password_breached"


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
    """Confirm first that it is you."""

    code = "reauthentication_required"


class SignInFailed(Unauthenticated):
    """The user name or the password is not right."""

    code = "sign_in_failed"


class FactorRequired(Unauthenticated):
    """Enter the code of your second factor."""

    code = "mfa_required"


class FactorFailed(Unauthenticated):
    """This is not the code, or it was used already."""

    code = "mfa_failed"


class FactorTooLate(Unauthenticated):
    """Too late, or too many tries. Sign in again."""

    code = "mfa_expired"


class FactorCodeInvalid(BadRequest):
    """This is not the code that the authenticator shows now."""

    code = "mfa_code_invalid"


class FactorDemanded(Forbidden):
    """This workspace asks for a second factor. Set one up first."""

    code = "mfa_setup_required"


class FactorExists(Conflict):
    """There are as many authenticators as there may be. Remove one first."""

    code = "mfa_too_many"


class FactorMissing(Conflict):
    """There is no authenticator. Set one up first."""

    code = "mfa_missing"


class OwnerProtected(Forbidden):
    """Only another owner may do this for an owner."""

    code = "owner_protected"


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


class Throttled(TooMany):
    """Too many requests. Wait a moment and try again."""

    code = "too_many_requests"


class LimiterDown(DatabaseAway):
    """The request could not be checked. Try again in a moment."""

    code = "limiter_unavailable"
