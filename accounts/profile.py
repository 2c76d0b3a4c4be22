"""What people change about themselves: names, language, time zone."""

from django.db import transaction

from accounts import addresses, events, languages, zones
from accounts.errors import MissingFields, NotConfirmed, ZoneUnknown
from accounts.models import SecurityEvent, User

SYSTEM = SecurityEvent.Via.SYSTEM


@transaction.atomic
def change(
    user: User,
    *,
    first_name: str,
    last_name: str,
    language: str,
    time_zone: str,
    via: str = SYSTEM,
) -> None:
    """Write the person's own words; empty language and zone are the tenant's.

    Raises MissingFields, NameInvalid, LanguageUnknown and ZoneUnknown.
    """
    names = addresses.clean_name(first_name), addresses.clean_name(last_name)
    if not all(names):
        raise MissingFields("A first and a last name are needed.")
    languages.require_known(language)
    if time_zone and not zones.is_known(time_zone):
        raise ZoneUnknown
    user.first_name, user.last_name = names
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["first_name", "last_name", "language", "time_zone"])
    events.record("user.changed", subject=user, by=user, via=via)


def require_confirmed(user: User, typed: str) -> None:
    """Raise NotConfirmed unless the person typed the own user name or address."""
    if addresses.normalise_username(typed) not in {user.username_norm, user.email_norm}:
        raise NotConfirmed
