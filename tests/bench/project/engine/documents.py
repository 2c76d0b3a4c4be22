from datetime import date
from typing import Any

from leave.models import LeaveRequest


def about(person: Any) -> LeaveRequest:
    """Return a new document of a person, for an instance to be about."""
    return LeaveRequest.objects.create(
        requester=person,
        kind="holiday",
        start_date=date(2026, 8, 3),
        end_date=date(2026, 8, 7),
        reason="rest",
    )
