"""What the names of security events say to a person."""

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

#: The names as they are recorded; a test holds every recorded name to this list.
WORDS: dict[str, Words] = {
    "api_token.created": _("API token created"),
    "api_token.revoked": _("API token revoked"),
    "api_token.rotated": _("API token rotated"),
    "api_token.used_after_end": _("An API token was used that had ended"),
    "branding.changed": _("Branding changed"),
    "codes.flood": _("Very many wrong codes: new ones are longer for an hour"),
    "codes.many_wrong": _("Many wrong codes in an hour"),
    "domain.added": _("Domain added"),
    "domain.primary": _("Another primary domain chosen"),
    "domain.removed": _("Domain removed"),
    "domain.verified": _("Domain verified"),
    "email.change_requested": _("Another address asked for"),
    "email.changed": _("Address changed"),
    "group.changed": _("Groups changed"),
    "group.unknown": _("A group that is not here was named"),
    "invitation.accepted": _("Invitation accepted"),
    "invitation.resent": _("Invitation sent again"),
    "invitation.revoked": _("Invitation withdrawn"),
    "invitation.sent": _("Invitation sent"),
    "mail.sent_again": _("A mail sent again"),
    "mail.tested": _("A test mail sent"),
    "mfa.added": _("Authenticator added"),
    "mfa.code_used": _("Recovery code used"),
    "mfa.failed": _("A code of a second factor was wrong"),
    "mfa.codes_renewed": _("New recovery codes made"),
    "mfa.removed": _("Authenticator removed"),
    "mfa.reset": _("Second factor reset by an administrator"),
    "operator.created": _("Operator created"),
    "password.breach_check_failed": _("The check of leaked passwords failed"),
    "password.changed": _("Password changed"),
    "password.disabled": _("Password disabled after many failures"),
    "reauthenticated": _("Proved again who it is"),
    "reauthentication_failed": _("A proof of who it is failed"),
    "refresh_reuse": _("A copied sign-in was used and ended"),
    "register.groups_ignored": _("A registration asked for groups and got none"),
    "register.requested": _("Registration begun"),
    "register.verified": _("Address confirmed by a registration"),
    "reset.requested": _("New password asked for"),
    "reset.verified": _("Code for a new password entered"),
    "role.changed": _("Role changed"),
    "service_account.created": _("Service account created"),
    "service_account.deactivated": _("Service account deactivated"),
    "session.all_ended": _("Signed out everywhere"),
    "session.ended": _("A device signed out"),
    "session.others_ended": _("All other devices signed out"),
    "sign_in": _("Signed in"),
    "sign_in_failed": _("A sign-in failed"),
    "sign_in_rules.changed": _("Rules for signing in changed"),
    "user.anonymised": _("Account deleted"),
    "user.changed": _("Name or settings changed"),
    "user.created": _("Account created"),
    "user.deactivated": _("Account deactivated"),
    "user.reactivated": _("Account active again"),
    "user.setup_sent": _("Set-up link sent again"),
    "workspace.deletion_asked": _("Deletion of the workspace asked for"),
}
#: What the page can be narrowed down to: the beginnings of names.
KINDS: dict[str, tuple[Words, tuple[str, ...]]] = {
    "sign-ins": (
        _("Sign-ins"),
        ("sign_in", "refresh", "session.", "mfa.", "reauthent", "codes."),
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
        (
            *("api_token", "service_account", "branding", "sign_in_rules", "mail."),
            *("domain.", "workspace."),
        ),
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
