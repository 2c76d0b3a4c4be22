"""What the list of mails calls each kind.

Another app says it of its own mails, by the names of their templates:

    class LeaveConfig(AppConfig):
        mail_labels = {"filed": gettext_lazy("Leave filed")}
"""

from collections.abc import Mapping
from types import MappingProxyType

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import MailMessage

Labels = Mapping[str, str | Promise]

#: The mails of the accounts, and what `send_email` writes without a category.
LABELS: Labels = MappingProxyType(
    {
        "account_setup": _("Link to choose a password"),
        "already_registered": _("Reminder of an account"),
        "email_change_code": _("Code for a new address"),
        "email_changed": _("Notice: new address"),
        "invitation": _("Invitation"),
        "message": _("Message"),
        "mfa_changed": _("Notice: second factor"),
        "new_device": _("Notice: new device"),
        "password_changed": _("Notice: new password"),
        "refresh_reused": _("Notice: a device was signed out"),
        "reply_to_code": _("Code for an address for answers"),
        "reset_code": _("Code for a new password"),
        "test_message": _("Test message"),
        "token_expiring": _("Notice: a token expires"),
        "verification_code": _("Code for a registration"),
    }
)


def of(message: MailMessage) -> str:
    """Return the label of a message; what nobody named keeps its program's word."""
    app, _slash, template = message.template.rpartition("/")
    label = _of_app(app).get(template) if app else None
    name = message.category or template
    return str(label or LABELS.get(name) or name.replace("_", " ").capitalize())


def _of_app(name: str) -> Labels:
    if name == "accounts":
        return LABELS
    config = apps.app_configs.get(name)
    found: Labels = getattr(config, "mail_labels", {})
    return found
