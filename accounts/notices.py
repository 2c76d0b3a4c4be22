"""Tell people about what happened to their accounts; the mails hold no secret."""

from accounts import mail
from accounts.models import User
from tenants import hosts

SIGN_IN = "/accounts/sign-in"
FORGOT = "/accounts/forgot"


def password_changed(user: User) -> None:
    """Tell that the password is a new one."""
    _notice(user, "password_changed", FORGOT)


def refresh_reused(user: User) -> None:
    """Tell that a device was signed out, because its token was used twice."""
    _notice(user, "refresh_reused", SIGN_IN)


def already_registered(user: User) -> None:
    """Tell somebody who registers again that the account is there."""
    _notice(user, "already_registered", SIGN_IN)


def _notice(user: User, name: str, path: str) -> None:
    if not user.email:
        return
    mail.put(
        f"accounts/{name}",
        to=[user.email],
        context={"person": user.display_name, "url": hosts.absolute_url(path)},
        language=user.language,
    )
