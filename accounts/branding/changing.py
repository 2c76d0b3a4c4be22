"""Change the branding: everything is judged before anything is written.

Each change is one transaction with its event; two at once come one after the other, and
who names the version they looked at is refused when it is no longer the present one.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import IO, Any, Literal

from django.db import transaction

from accounts import events
from accounts.branding import logos, rules
from accounts.errors import BrandingChanged, ScopeMissing
from accounts.models import SecurityEvent, TenantBranding, User

Variant = Literal["light", "dark"]
COLUMNS: Mapping[str, str] = {"light": "logo", "dark": "logo_dark"}
#: What somebody may see and change, in the order of the page.
FIELDS = tuple(rules.CLEANERS)
#: What decides who gets in, and whether codes and notices leave: no scope covers it.
FOR_PEOPLE = frozenset({"registration_policy", "registration_domains", "mail_enabled"})
WHO_GETS_IN = (
    "No API token changes who may register, or whether mails are sent: sign in."
)


def standing() -> TenantBranding:
    """Return the row as it is, or as it would be made."""
    return TenantBranding.objects.filter(pk=1).first() or TenantBranding()


def touches_who_gets_in(values: Mapping[str, Any]) -> bool:
    """Tell whether a change would be one that asks for a fresh proof."""
    wanted, _problems = rules.each(
        {key: values[key] for key in FOR_PEOPLE & set(values)}
    )
    row = standing()
    return any(value != getattr(row, field) for field, value in wanted.items())


def values_of(row: TenantBranding) -> dict[str, Any]:
    """Return what can be changed, by field."""
    return {field: getattr(row, field) for field in FIELDS}


def version_of(row: TenantBranding) -> str:
    """Return a word that changes with every change of the branding."""
    values = (values_of(row), row.logo, row.logo_dark)
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


@transaction.atomic
def change(
    values: Mapping[str, Any], *, by: User, via: str, version: str = ""
) -> TenantBranding:
    """Set the given fields and leave the others.

    Raises BrandingInvalid or ContrastTooLow, which name every wrong field,
    BrandingChanged where `version` is not the present one, and ScopeMissing where an
    API token would decide who gets in.
    """
    if via == SecurityEvent.Via.API_TOKEN and FOR_PEOPLE & set(values):
        raise ScopeMissing(WHO_GETS_IN)
    row = locked(version)
    before = values_of(row)
    after = rules.cleaned(values, standing=before)
    changed = sorted(field for field in after if after[field] != before[field])
    if changed:
        for field in changed:
            setattr(row, field, after[field])
        row.save(update_fields=changed)
        events.record("branding.changed", by=by, via=via, details={"fields": changed})
    return row


def set_logo(
    upload: IO[bytes], *, variant: Variant, by: User, via: str
) -> TenantBranding:
    """Put a new logo in the place of the old one, whose file goes after the commit.

    Raises LogoInvalid and LogoTooLarge.
    """
    png = logos.read(upload)
    try:
        with transaction.atomic():
            row = locked()
            return _place(row, variant, logos.keep(png), by=by, via=via)
    except BaseException:
        # A storage knows no roll-back; of a process that dies here, `sweep` cleans up.
        with suppress(Exception):
            _drop_unused(logos.name_for(png))
        raise


@transaction.atomic
def remove_logo(*, variant: Variant, by: User, via: str) -> TenantBranding:
    """Go back to the mark made of the initial."""
    return _place(locked(), variant, "", by=by, via=via)


def _place(
    row: TenantBranding, variant: Variant, name: str, *, by: User, via: str
) -> TenantBranding:
    column = COLUMNS[variant]
    old = getattr(row, column)
    if old != name:
        setattr(row, column, name)
        row.save(update_fields=[column])
        events.record("branding.changed", by=by, via=via, details={"fields": [column]})
        transaction.on_commit(partial(_drop_unused, old))
    return row


@transaction.atomic
def _drop_unused(*names: str) -> list[str]:
    """Remove those of the files that are no logo; return which."""
    # Under the lock: the same picture may have been put back in the meantime, and a
    # file is written under it too, before the row that will name it.
    row = locked()
    unused = [name for name in names if name not in {row.logo, row.logo_dark}]
    for name in unused:
        logos.drop(name)
    return unused


def sweep(limit: int) -> int:
    """Remove up to so many files that no row names; return how many.

    They are left by a process that died between the file and the commit.
    """
    row = standing()
    known = {row.logo, row.logo_dark}
    strays = [name for name in logos.names() if name not in known][:limit]
    return len(_drop_unused(*strays)) if strays else 0


def locked(version: str = "") -> TenantBranding:
    """Return the row for a change, made if need be, with others kept waiting."""
    TenantBranding.objects.bulk_create([TenantBranding()], ignore_conflicts=True)
    row = TenantBranding.objects.select_for_update().get(pk=1)
    if version and version != version_of(row):
        raise BrandingChanged
    return row
