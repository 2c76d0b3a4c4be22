"""What goes along when a tenant is exported, moved, restored or copied.

Named in TENANT_EXPORT_POLICIES. A restored or copied tenant has no mails: what waited
was sent by the live one.
"""

from typing import Final

from django.db import transaction

from accounts import challenges, code_mails
from accounts.models import User
from tenants.portability import masks
from tenants.portability.policies import (
    CREDENTIAL,
    EPHEMERAL,
    Imported,
    Policies,
    data,
)

#: What stands for a password that nobody has.
UNUSABLE: Final = "!"

PEOPLE: Final = data(
    secrets={"password": UNUSABLE},
    masks={
        "username": masks.name_or_address,
        "username_norm": masks.name_or_address,
        "email": masks.address,
        "email_norm": masks.address,
        "first_name": masks.numbered("Person"),
        "last_name": masks.nothing,
    },
)
BRANDING: Final = data(
    files=("logo", "logo_dark"),
    masks={
        "name": masks.nothing,
        "logo": masks.nothing,
        "logo_dark": masks.nothing,
        "sender_name": masks.nothing,
        "reply_to": masks.fixed("{}"),
        "footer": masks.nothing,
        "registration_domains": masks.fixed("{}"),
    },
)
EVENTS: Final = data(
    masks={"client_prefix": masks.nothing, "details": masks.fixed("{}")}
)


@transaction.atomic
def invite_owners(imported: Imported) -> None:
    """Mail each owner a link to choose a password, where none came along.

    An address that a mask made up gets nothing.
    """
    if imported.keep.has_credentials:
        return
    owners = User.objects.filter(role=User.Role.OWNER, deactivated_at=None)
    for owner in owners.exclude(email_norm=None).order_by("id"):
        reachable = not (owner.email_norm or "").endswith(".invalid")
        if reachable and not owner.has_usable_password():
            ticket = challenges.issue_setup_ticket(owner)
            code_mails.send_setup(owner, ticket)


POLICIES: Final = Policies(
    {
        "accounts.User": PEOPLE,
        "accounts.TenantBranding": BRANDING,
        "accounts.SecurityEvent": EVENTS,
        "accounts.ApiToken": CREDENTIAL,
        "accounts.Challenge": CREDENTIAL,
        "accounts.Invitation": CREDENTIAL,
        "accounts.MfaDevice": CREDENTIAL,
        "accounts.RecoveryCode": CREDENTIAL,
        "accounts.RefreshSession": EPHEMERAL,
        "accounts.LimitCounter": EPHEMERAL,
        "accounts.MailMessage": EPHEMERAL,
        "accounts.MailAttachment": EPHEMERAL,
    },
    settle=invite_owners,
)
