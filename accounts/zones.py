"""Time zones by their IANA names, and the one that a person reads instants in."""

from functools import cache

from tenants.orders import known_timezones

UTC = "UTC"
#: Where people live; the other names are old ones and offsets.
REGIONS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


def is_known(name: str) -> bool:
    """Tell whether this machine knows the zone."""
    return name == UTC or name in known_timezones()


def or_utc(name: str) -> str:
    """Return the zone's name, or UTC where nobody knows it."""
    return name if name and is_known(name) else UTC


@cache
def names() -> tuple[str, ...]:
    """Return the zones that a person may choose, by region and place."""
    found = (name for name in known_timezones() if name.startswith(REGIONS))
    return (UTC, *sorted(found))
