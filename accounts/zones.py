"""Time zones by their IANA names, and the one that a person reads instants in."""

from zoneinfo import available_timezones

UTC = "UTC"


def is_known(name: str) -> bool:
    """Tell whether this machine knows the zone."""
    return name in available_timezones()


def or_utc(name: str) -> str:
    """Return the zone's name, or UTC where nobody knows it."""
    return name if name and is_known(name) else UTC
