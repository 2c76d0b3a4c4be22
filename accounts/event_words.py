"""What the names of security events say to a person."""

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

#: The names as they are recorded; a test holds every recorded name to this list.
WORDS: dict[str, Words] = {
    "group.unknown": _("A group that is not here was named"),
    "operator.created": _("Operator created"),
    "password.changed": _("Password changed"),
    "refresh_reuse": _("A copied sign-in was used and ended"),
    "register.requested": _("Registration begun"),
    "register.verified": _("Address confirmed by a registration"),
    "reset.requested": _("New password asked for"),
    "reset.verified": _("Code for a new password entered"),
    "role.changed": _("Role changed"),
    "sign_in": _("Signed in"),
    "sign_in_failed": _("A sign-in failed"),
    "user.created": _("Account created"),
}
#: What the page can be narrowed down to: the beginnings of names.
KINDS: dict[str, tuple[Words, tuple[str, ...]]] = {
    "sign-ins": (
        _("Sign-ins"),
        ("sign_in", "refresh", "session", "mfa", "device", "second_factor"),
    ),
    "people": (
        _("People"),
        (
            *("user.", "role.", "group.", "register.", "reset.", "password."),
            *("invitation.", "email."),
        ),
    ),
    "settings": (
        _("Tokens and settings"),
        ("api_token", "service_account", "branding", "mail."),
    ),
}


def words(name: str) -> Words:
    """Return what an event is called; one of a product team by its name."""
    return WORDS.get(name) or name.replace("_", " ").replace(".", ": ").capitalize()


def of_kind(kind: str) -> Q:
    """Return which events a kind holds; all for what is no kind."""
    _label, beginnings = KINDS.get(kind, ("", ()))
    found = Q()
    for beginning in beginnings:
        found |= Q(name__startswith=beginning)
    return found
