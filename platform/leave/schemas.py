"""The API schemas of leave requests."""

from datetime import date, datetime

from ninja import Field, Schema


class LeaveRequestIn(Schema):
    """What somebody asks for."""

    kind: str = Field(examples=["holiday"])
    start_date: date
    end_date: date
    reason: str = ""


class LeaveRequestPatch(Schema):
    """What a correction changes; the rest stays."""

    kind: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    reason: str | None = None


class LeaveRequestOut(Schema):
    """A leave request and where it stands."""

    id: int
    requester_id: int
    requester: str
    kind: str
    start_date: date
    end_date: date
    days: int
    reason: str
    status: str
    created_at: datetime

    @staticmethod
    def resolve_requester(row: object) -> str:
        """Return the user name, as in `/me`."""
        return str(row.requester.username)  # type: ignore[attr-defined]
