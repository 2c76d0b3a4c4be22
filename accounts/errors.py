"""What can go wrong in accounts, as a caller meets it.

ApplicationError
├── BadRequest         EmailInvalid, NameInvalid, MissingFields, Blocked
│   ├── RoleTooHigh, RoleUnknown, GroupUnknown, LanguageUnknown, ZoneUnknown
│   ├── PageInvalid, NoValidFields, IdInvalid, ActiveInvalid, UseChangePassword
│   ├── MailUnavailable, InvitationDead, NotConfirmed, WrongAccount
│   ├── CodeWrong, CodeExpired, TooManyAttempts, TicketRequired, FactorCodeInvalid
│   ├── ScopeUnknown, PermissionUnknown, TokenLifeInvalid
│   ├── PasswordMismatch, PasswordRefused
│   │   └── PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordContextual,
│   │       PasswordBreached
│   └── LogoInvalid, LogoTooLarge, SignInRulesInvalid, BrandingInvalid
│       └── ContrastTooLow
├── Unauthenticated    SignInFailed, SessionEnded, FactorRequired, FactorFailed,
│                      FactorTooLate
├── Forbidden          CrossSite, EmailUnverified, PasswordChangeRequired
│   ├── RegistrationClosed, ReauthenticationRequired, SignInToAccept
│   ├── NotUserManager, OwnRole, OwnersOnly, OwnerProtected
│   └── FactorDemanded, ScopeMissing, PersonRequired
├── NotFound           UserNotFound, MailNotFound
├── Conflict           NameTaken, LastOwner, InvitationOpen, Deactivated, Anonymised,
│                      FactorExists, FactorMissing, TokenEnded, TokenRotated,
│                      NotSentAgain, MailOff, BrandingChanged, SignInRulesChanged,
│                      SecondFactorFirst
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
    NotFound,
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


class MailNotFound(NotFound):
    """There is no such mail here."""

    code = "mail_not_found"


class MailOff(Conflict):
    """Mail is switched off here."""

    code = "mail_off"


class NotSentAgain(Conflict):
    """This mail cannot be sent again."""

    code = "mail_not_sent_again"


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


class ScopeUnknown(BadRequest):
    """There is no such scope."""

    code = "scope_unknown"


class ScopeMissing(Forbidden):
    """This API token may not do this."""

    code = "scope_missing"


class PersonRequired(Forbidden):
    """No API token may do this: sign in."""

    code = "person_required"


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


class UserNotFound(NotFound):
    """User not found."""


class NotUserManager(Forbidden):
    """User Manager group membership is required."""


class LastOwner(Conflict):
    """This is the last owner. Make somebody else an owner first."""

    code = "last_owner"


class OwnRole(Forbidden):
    """Nobody changes their own role."""

    code = "own_role"


class OwnersOnly(Forbidden):
    """Only an owner may change an owner."""

    code = "owners_only"


class RoleTooHigh(BadRequest):
    """You cannot give a role above your own."""

    code = "role_too_high"


class RoleUnknown(BadRequest):
    """There is no such role."""

    code = "role_unknown"


class GroupUnknown(BadRequest):
    """There is no such group."""

    code = "group_unknown"


class LanguageUnknown(BadRequest):
    """There is no such language."""

    code = "language_unknown"


class ZoneUnknown(BadRequest):
    """There is no such time zone."""

    code = "time_zone_unknown"


class PageInvalid(BadRequest):
    """This page of the list cannot be asked for."""

    code = "page_invalid"


class NoValidFields(BadRequest):
    """No valid fields provided."""

    code = "no_valid_fields"


class IdInvalid(BadRequest):
    """id must be an integer value."""

    code = "id_invalid"


class ActiveInvalid(BadRequest):
    """isActive must be a boolean value."""

    code = "is_active_invalid"


class UseChangePassword(BadRequest):
    """A password is changed by /change-password."""

    code = "use_change_password"


class Deactivated(Conflict):
    """This account is deactivated. Reactivate it instead."""

    code = "user_deactivated"


class Anonymised(Conflict):
    """This account was deleted; nothing can be changed any more."""

    code = "user_anonymised"


class InvitationOpen(Conflict):
    """This address is invited already. Send that invitation again, or revoke it."""

    code = "invitation_open"


class InvitationDead(BadRequest):
    """This invitation was used, was withdrawn or has expired. Ask for a new one."""

    code = "invitation_invalid"


class SignInToAccept(Forbidden):
    """This address has an account. Sign in with it to accept the invitation."""

    code = "sign_in_to_accept"


class NotConfirmed(BadRequest):
    """Type your user name exactly to confirm."""

    code = "not_confirmed"


class Throttled(TooMany):
    """Too many requests. Wait a moment and try again."""

    code = "too_many_requests"


class LimiterDown(DatabaseAway):
    """The request could not be checked. Try again in a moment."""

    code = "limiter_unavailable"


class BrandingInvalid(BadRequest):
    """Some values of the branding cannot be used."""

    code = "branding_invalid"


class ContrastTooLow(BrandingInvalid):
    """Some colours cannot be told apart well enough."""

    code = "contrast_too_low"


class BrandingChanged(Conflict):
    """Somebody else changed the branding meanwhile; look at it again."""

    code = "branding_changed"


class SignInRulesInvalid(BadRequest):
    """Some of the rules for signing in cannot be used."""

    code = "sign_in_rules_invalid"


class SignInRulesChanged(Conflict):
    """Somebody else changed the rules meanwhile; look at them again."""

    code = "sign_in_rules_changed"


class SecondFactorFirst(Conflict):
    """Set up a second factor of your own before you demand one of everybody."""

    code = "second_factor_first"


class LogoInvalid(BadRequest):
    """A logo is a PNG, JPEG or WebP picture; this file cannot be read as one."""

    code = "logo_invalid"


class LogoTooLarge(BadRequest):
    """A logo has at most 512 KiB and 2000 by 2000 pixels."""

    code = "logo_too_large"


class CodeWrong(BadRequest):
    """This code is not right. Look at the newest mail, or ask for another code."""

    code = "code_invalid"
