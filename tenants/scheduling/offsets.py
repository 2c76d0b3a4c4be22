"""When a tenant's turn is in what recurs, so that not all have it at one instant.

After a standstill, an upgrade or an import of many, all tenants would do at the same
second what each does once a day, on that day and on each one after. Explicit deadlines
are kept to the second and have no offset.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import DateTimeField, Func, Value

from tenants.context import context_uuid

WINDOW: Final = timedelta(minutes=5)
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


def offset(tenant: UUID, *, window: timedelta = WINDOW) -> timedelta:
    """Return where in each window a tenant has its turn; always the same."""
    number = int.from_bytes(hashlib.sha256(tenant.bytes).digest()[:8])
    return timedelta(milliseconds=number % (window // timedelta(milliseconds=1) or 1))


def in_turn(at: Any, *, window: timedelta = WINDOW) -> Any:
    """Return the entered tenant's turn in the window of an instant, as an expression.

    That is less than a window before or after `at`.
    Where many are asked at once (`questions`) all answers have the offset of one; who
    is woken by such an answer asks again and has its own.
    """
    begin = Func(
        Value(window),
        at,
        Value(BEGINNING),
        function="date_bin",
        output_field=DateTimeField(),
    )
    return begin + offset(context_uuid(), window=window)
