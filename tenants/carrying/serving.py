"""Everything a piece of work for one tenant needs around it."""

import zoneinfo
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone, translation

from tenants.carrying.entering import entering
from tenants.context import Control, TenantInfo, use, use_control


@entering
def serving(context: TenantInfo | Control) -> Iterator[None]:
    """Enter a context, with its language and time zone; leave all after it.

    Whatever is activated inside, such as a person's own language, ends with it.
    """
    if isinstance(context, Control):
        language = translation.override(settings.LANGUAGE_CODE)
        with use_control(), language, timezone.override(None):
            yield
        return
    language = translation.override(language_of(context))
    with use(context), language, timezone.override(zone_of(context)):
        yield


def language_of(tenant: TenantInfo) -> str:
    """Return the tenant's language; that of the settings where it is not installed."""
    return installed(tenant.locale) or settings.LANGUAGE_CODE


def zone_of(tenant: TenantInfo) -> zoneinfo.ZoneInfo:
    """Return the tenant's time zone; UTC where this machine does not know it."""
    return known(tenant.timezone) or zoneinfo.ZoneInfo("UTC")


def speak_to(*, language: str, time_zone: str) -> None:
    """Use a person's own language and time zone until the tenant is left.

    What is empty or not installed here leaves the tenant's in force.
    """
    if own := installed(language):
        translation.activate(own)
    if zone := known(time_zone):
        timezone.activate(zone)


def installed(locale: str) -> str:
    """Return the installed language that serves a locale, or nothing."""
    try:
        return translation.get_supported_language_variant(locale)
    except LookupError:
        return ""


def known(name: str) -> zoneinfo.ZoneInfo | None:
    """Return a time zone by its name, where this machine knows it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
