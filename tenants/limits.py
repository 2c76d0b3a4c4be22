"""How often somebody may do something: one atomic count in PostgreSQL."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection

from kernel import clock
from tenants.context import use_control
from tenants.errors import TooManySignups

# Count one more for a subject in a window, and tell how many there are now.
COUNT: Final = """
INSERT INTO tenants_ratecounter AS counter (subject, window_start, count)
VALUES (%s, %s, 1)
ON CONFLICT (subject, window_start) DO UPDATE SET count = counter.count + 1
RETURNING count
"""


def hashed(*words: str) -> bytes:
    """Return words as 32 bytes that tell nothing without the secret key."""
    text = "\x1f".join(words).encode("utf-8", "surrogatepass")
    return hmac.digest(settings.SECRET_KEY.encode(), text, hashlib.sha256)


def spend(action: str, subject: str, *, limit: int, within: timedelta) -> None:
    """Count one more act. Raises TooManySignups with Retry-After above the limit."""
    now = clock.now()
    start = datetime.fromtimestamp(
        now.timestamp() // within.total_seconds() * within.total_seconds(), UTC
    )
    with use_control(), connection.cursor() as cursor:
        cursor.execute(COUNT, [hashed(action, subject), start])
        count = cursor.fetchone()[0]
    if count > limit:
        left = int((start + within - now).total_seconds()) + 1
        raise TooManySignups(headers={"Retry-After": str(left)})
