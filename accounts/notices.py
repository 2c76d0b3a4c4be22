"""Tell people about what happened to their accounts; the mails hold no secret."""

from typing import Any

from accounts import addresses, branding, mail
from accounts.mail import forgetting
from accounts.models import ApiToken, User
from kernel import clock
from tenants import hosts

SIGN_IN = "/accounts/sign-in"
FORGOT = "/accounts/forgot"
TOKENS = "/accounts/tokens"


def password_changed(user: User) -> None:
    """Tell that the password is a new one."""
    _notice(user, "password_changed", FORGOT)


def refresh_reused(user: User) -> None:
    """Tell that a device was signed out, because its token was used twice."""
    _notice(user, "refresh_reused", SIGN_IN)


def already_registered(user: User) -> None:
    """Tell somebody who registers again that the account is there."""
    _notice(user, "already_registered", SIGN_IN)


def email_changed(user: User, *, to: str, new_address: str) -> None:
    """Tell one of the two mailboxes that the account's address changed.

    Call it once for the old and once for the new one; the words differ, and the old
    one sees the new address masked.
    """
    old = addresses.normalise_or_none(to) != addresses.normalise_or_none(new_address)
    _notice(
        user,
        "email_changed",
        # Who has lost the address cannot be sent a code there.
        SIGN_IN if old else FORGOT,
        to=to,
        # By it the earlier address is found again when the account comes to its end.
        related=forgetting.about(user),
        address=addresses.mask(new_address),
        is_old=old,
    )


def mfa_changed(user: User, change: str) -> None:
    """Tell of the second factor.

    `change` is "added", "removed", "recovery_codes", "code_used" or "reset".
    """
    _notice(user, "mfa_changed", FORGOT, change=change)


def new_device(user: User, device: str) -> None:
    """Tell of a sign-in now on a device that was not seen before."""
    zone = user.time_zone or branding.current().time_zone
    at = clock.now().isoformat()
    _notice(user, "new_device", FORGOT, device=device, at=at, zone=zone)


def token_expiring(token: ApiToken, days: int) -> None:
    """Tell whose token ends soon; of a service account's, who made it.

    Where nobody made it, or the person has left, those who care for all tokens are.
    """
    for user in _keepers(token):
        _notice(user, "token_expiring", TOKENS, token=token.name, days=days)


def _keepers(token: ApiToken) -> list[User]:
    if token.user.email:
        return [token.user]
    if token.created_by is not None and token.created_by.is_active:
        return [token.created_by]
    roles = (User.Role.OWNER, User.Role.ADMIN)
    return list(User.objects.active().people().filter(role__in=roles).order_by("pk"))


def _notice(
    user: User, name: str, path: str, *, to: str = "", related: str = "", **more: Any
) -> None:
    address = to or user.email
    if not address:
        return
    url = hosts.absolute_url(path)
    mail.put(
        f"accounts/{name}",
        to=[address],
        context={"person": user.display_name, "url": url, **more},
        language=user.language,
        related=related,
    )
