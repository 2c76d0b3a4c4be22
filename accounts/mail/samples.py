"""What the mails of the accounts say in a preview: invented, a code for nobody."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants import hosts

CODE: Final = "AB12CD"
PERSON: Final = "Alice Example"
#: What each mail is filled with; addresses in it are paths of the tenant's site.
SAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "verification_code": {"minutes": 10, "code": CODE},
    "reset_code": {"minutes": 10, "code": CODE},
    "email_change_code": {"minutes": 10, "code": CODE},
    "reply_to_code": {"minutes": 10, "code": CODE},
    "account_setup": {
        "person": PERSON,
        "days": 7,
        "url": "/accounts/set-password#ticket=sample",
    },
    "invitation": {
        "person": PERSON,
        "role": "member",
        "days": 7,
        "url": "/accounts/invitation#token=sample",
    },
    "already_registered": {"person": PERSON, "url": "/accounts/sign-in"},
    "password_changed": {"person": PERSON, "url": "/accounts/forgot"},
    "email_changed": {
        "person": PERSON,
        "address": "a***e@example.com",
        "is_old": True,
        "url": "/accounts/sign-in",
    },
    "mfa_changed": {"person": PERSON, "change": "added", "url": "/accounts/forgot"},
    "new_device": {
        "person": PERSON,
        "device": "Firefox, Linux",
        "at": "2026-08-03T12:05:00+00:00",
        "zone": "Europe/Berlin",
        "url": "/accounts/forgot",
    },
    "refresh_reused": {"person": PERSON, "url": "/accounts/sign-in"},
    "token_expiring": {
        "person": PERSON,
        "token": "Nightly export",
        "days": 3,
        "url": "/accounts/tokens",
    },
    "test_message": {"person": PERSON},
}

#: What each is called on the page that shows them.
LABELS: Final[Mapping[str, str | Promise]] = {
    "verification_code": _("Code of a registration"),
    "reset_code": _("Code for a new password"),
    "email_change_code": _("Code for a new address"),
    "reply_to_code": _("Code for an address for answers"),
    "account_setup": _("New account"),
    "invitation": _("Invitation"),
    "already_registered": _("Registered already"),
    "password_changed": _("Password changed"),
    "email_changed": _("Address changed"),
    "mfa_changed": _("Second step changed"),
    "new_device": _("New device"),
    "refresh_reused": _("Device signed out"),
    "token_expiring": _("API token ends"),
    "test_message": _("Test"),
}


def of(name: str) -> dict[str, Any]:
    """Return the sample values of a mail. Raises KeyError for an unknown name."""
    values = dict(SAMPLES[name])
    if "url" in values:
        values["url"] = hosts.absolute_url(values["url"])
    return values
