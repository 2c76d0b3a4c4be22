"""What a whole tenant's wrong codes tell: somebody guesses, at many addresses at once.

At 200 in an hour an event is written. Above 1 000 new codes are longer, for an hour
after the last wrong code above it; codes that were sent before keep their length.
"""

from typing import Final

from accounts import conf, events, limits

LONGER: Final = 8
MANY, FLOOD = "code_failure.tenant", "code_failure.flood"


def count() -> None:
    """Count one wrong code of the tenant."""
    hits = limits.count(MANY)
    if hits == limits.limit(MANY).most:
        events.record("codes.many_wrong", details={"within_the_hour": hits})
    if hits > limits.limit(FLOOD).most:
        limits.note(FLOOD)
    if hits == limits.limit(FLOOD).most + 1:
        events.record("codes.flood", details={"within_the_hour": hits})


def code_length() -> int:
    """Return how long a new code is."""
    usual = conf.current().code_length
    is_flooded = limits.happened(FLOOD, within=limits.HOUR)
    return max(usual, LONGER) if is_flooded else usual
