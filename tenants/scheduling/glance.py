"""One look at the control plane, which tells whether anything is due at all.

An idle tick is this one statement, however many tenants there are: each of its parts
goes down one index.
"""

from dataclasses import dataclass
from typing import Final

from django.db import connection

from kernel import clock

LOOK: Final = """
SELECT EXISTS (SELECT FROM tenants_wakeup WHERE enabled AND wake_at <= %(now)s),
       EXISTS (SELECT FROM tenants_provisioningrun
               WHERE state IN ('running', 'compensating') AND resume_at <= %(now)s),
       ARRAY (SELECT name::text FROM tenants_chore WHERE next_due > %(now)s)
"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is due: wake-ups, runs of set-ups; and the chores that are not."""

    wake_ups: bool
    runs: bool
    waiting: frozenset[str]


def look() -> Glance:
    """Look once; needs the control context."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"now": clock.now()})
        wake_ups, runs, waiting = cursor.fetchone()
    return Glance(wake_ups, runs, frozenset(waiting))
