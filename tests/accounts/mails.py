"""Every mail of the product with values that show each part of it, for the tests."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from accounts import branding
from accounts.branding import logos
from accounts.mail import rendering, samples
from accounts.mail.rendering import Rendered
from accounts.models import TenantBranding

LANGUAGES = tuple(code for code, _label in settings.MAIL_LANGUAGES)
CODE = samples.CODE
SITE = "http://acme.localhost:8000"
ITEM = {
    "title": "Holiday, 3 to 14 August",
    "activity": "Approve",
    "requester": "Alice Acme",
    "url": f"{SITE}/workflow/item/1",
}
LEAVE = {
    "first_name": "Alice",
    "leave": "Holiday, 3 to 14 August 2026",
    "kind": "Holiday",
    "span": "3 to 14 August 2026",
    "days": 10,
    "decided_by": "Bob Acme",
    "url": f"{SITE}/leave/1",
}
#: The mails of the other apps; those of the accounts have their samples.
OTHERS = {
    "tenants/deletion_asked": {
        "name": "Acme & Sons",
        "at": "2026-09-02T12:05:00+00:00",
        "zone": "Europe/Berlin",
        "url": f"{SITE}/deletion/stop/signed",
    },
    "tenants/domain_lapsed": {
        "domain": "desk.acme.example",
        "record": "_tenantry.desk.acme.example",
        "value": "tenantry-verify=0123456789abcdef0123456789abcdef",
        "url": f"{SITE}/",
    },
    "tenants/signup_code": {"name": "Acme & Sons", "minutes": 10, "code": CODE},
    "tenants/workspaces": {
        "workspaces": [{"name": "Acme", "url": SITE}],
        "count": 1,
    },
    "workflow/work_waiting": {"person": "Bob", "items": [ITEM], "count": 1},
    "workflow/incident": {
        **ITEM,
        "person": "Bob",
        "process": "Leave",
        "incident": "automatic work failed",
        "message": "RuntimeError",
    },
    "workflow/message": {
        "person": "Alice",
        "subject": "About your holiday",
        "text": "It was granted.\n\nEnjoy it.",
        "title": "Holiday",
        "url": f"{SITE}/workflow/instance/1",
    },
    "leave/filed": LEAVE,
    "leave/refused": LEAVE,
}
#: What a mail says in other cases than that of its sample.
CASES = {
    "accounts/email_changed": [{"is_old": False}],
    "accounts/mfa_changed": [
        {"change": "removed"},
        {"change": "recovery_codes"},
        {"change": "reset"},
    ],
    "accounts/invitation": [
        {"role": "owner"},
        {"role": "admin", "person": ""},
    ],
    "accounts/test_message": [{"person": ""}],
    "accounts/token_expiring": [{"days": 1}],
    "tenants/workspaces": [{"workspaces": [], "count": 0}],
    "workflow/work_waiting": [{"items": [ITEM, ITEM], "count": 2}],
}
FOLDERS = ("accounts", "tenants", "workflow", "platform/leave")
FOUND = sorted(
    f"{path.parents[1].name}/{path.name.removesuffix('.subject.txt')}"
    for app in FOLDERS
    for path in Path(settings.ROOT, app).glob("templates/*/mail/*.subject.txt")
)
#: A brand with little of its own, and one with everything.
PLAIN = {"accent": "#0f766e", "footer": "Acme, 1 Canyon Road"}
RICH = {
    "name": "Globex Corporation",
    "primary": "#7c2d12",
    "on_primary": "#fff7ed",
    "accent": "#b45309",
    "background": "#fdf8f3",
    "text": "#431407",
    "sender_name": "Globex",
    "footer": "Globex Corporation\n2 Harbour Street\nhttps://globex.test/imprint",
    "time_zone": "America/New_York",
    "logo": f"branding/logo-{'a' * logos.DIGITS}.png",
    "logo_dark": f"branding/logo-{'b' * logos.DIGITS}.png",
}


def values_of(template: str) -> dict[str, object]:
    app, _, name = template.partition("/")
    return samples.of(name) if app == "accounts" else dict(OTHERS[template])


def cases_of(template: str) -> Iterator[dict[str, object]]:
    """Yield the values of a mail in each of its cases."""
    values = values_of(template)
    yield values
    for changes in CASES.get(template, []):
        yield {**values, **changes}


def wear(brand: dict[str, str]) -> None:
    """Give the entered tenant a brand."""
    TenantBranding.objects.all().delete()
    TenantBranding.objects.create(**brand)


def rendered(
    template: str,
    language: str = "en",
    /,
    *,
    brand: branding.Brand | None = None,
    **changes: object,
) -> Rendered:
    """Return a mail of the entered tenant, in its brand or another."""
    values = {**values_of(template), **changes}
    worn = brand or branding.current()
    return rendering.of_template(template, values, brand=worn, language=language)


def words_of(html: str) -> str:
    body = re.sub(r"<(style|title|head).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
