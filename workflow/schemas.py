"""The JSON of the API, in the seed's shapes; keys of ours are added after its own."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr

from kernel.numbers import LARGEST_ID, LARGEST_NUMBER

Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class ProcessOut(Schema):
    id: int
    title: str
    enabled: bool
    code: str
    version: int
    status: str


class VersionOut(ProcessOut):
    version_note: str
    revision: int
    published_at: datetime | None
    published_by_id: int | None


class VersionMovedOut(Schema):
    status: str
    process_id: int
    version: int


class DiffOut(Schema):
    """Parts by their keys; a change of a field is `{"base": .., "compare": ..}`."""

    base_id: int
    compare_id: int
    activities_added: list[str]
    activities_removed: list[str]
    transitions_added: list[str]
    transitions_removed: list[str]
    activities_changed: dict[str, dict[str, Any]]
    transitions_changed: dict[str, dict[str, Any]]
    process_changed: dict[str, Any]


class ActivityOut(Schema):
    id: int
    title: str
    kind: str
    process_id: int
    key: str
    node_type: str
    description: str


class WorkItemOut(Schema):
    id: int
    status: str
    activity_id: int
    instance_id: int
    user_id: int | None
    version: int
    priority: int
    available_at: datetime | None
    due_at: datetime | None
    activity: str
    title: str

    @staticmethod
    def resolve_activity(item: Any) -> str:
        return str(item.activity.title)

    @staticmethod
    def resolve_title(item: Any) -> str:
        return str(item.instance.title)


class OutcomeOut(Schema):
    value: str
    label: str


class WorkItemDetailOut(WorkItemOut):
    condition: str | None
    process_id: int
    actions: list[str]
    outcomes: list[OutcomeOut]

    @staticmethod
    def resolve_process_id(item: Any) -> int:
        return int(item.instance.process_id)

    @staticmethod
    def resolve_outcomes(item: Any) -> Any:
        return item.outcomes()


class MovedOut(Schema):
    status: str
    workitem_id: int


class CompleteIn(BaseModel):
    """Not ninja's Schema, which takes any JSON where every key may be missing."""

    condition: StrictStr | None = None
    data: dict[str, Any] | None = None


class ReassignIn(BaseModel):
    user_id: Annotated[StrictInt, Field(ge=1, le=LARGEST_ID)]


class DelegateIn(ReassignIn):
    return_to_me: StrictBool = False


class ReasonIn(BaseModel):
    """Why something is done; an empty one is refused by the rule itself."""

    reason: StrictStr = ""


class SkipIn(ReasonIn):
    condition: StrictStr | None = None


class InstanceMovedOut(Schema):
    status: str
    instance_id: int


class IncidentMovedOut(Schema):
    status: str
    incident_id: int
    workitem_id: int


class IncidentOut(Schema):
    id: int
    kind: str
    message: str
    attempts: int
    instance_id: int
    workitem_id: int
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by_id: int | None
    resolution: str
    reason: str


class StartProcessIn(BaseModel):
    process_name: Name
    content_app_label: Name
    content_model: Name
    object_id: StrictInt | Annotated[StrictStr, Field(max_length=64)]
    title: Annotated[str, Field(max_length=1000)] | None = None
    priority: Number | None = None


class StartedOut(Schema):
    status: str
    workitem_id: int
    instance_id: int


class TokenOut(Schema):
    activity: str
    tokens: int


class CommentIn(BaseModel):
    text: StrictStr = ""


class CommentedOut(Schema):
    status: str
    comment_id: int


class CommentOut(Schema):
    id: int
    instance_id: int
    workitem_id: int | None
    author_id: int
    author: str
    text: str
    created_at: datetime

    @staticmethod
    def resolve_author(comment: Any) -> str:
        return str(comment.author.display_name)


class InstanceRowOut(Schema):
    id: int
    title: str
    status: str
    version: int
    process_id: int
    process: str
    process_version: int
    user_id: int
    priority: int
    created_at: datetime
    closed_at: datetime | None
    parent_workitem_id: int | None

    @staticmethod
    def resolve_process(instance: Any) -> str:
        return str(instance.process.title)

    @staticmethod
    def resolve_created_at(instance: Any) -> datetime:
        started: datetime = instance.creationTime
        return started


class InstanceOut(Schema):
    id: int
    title: str
    status: str
    version: int
    parent_workitem_id: int | None
    close_reason: str
    process_id: int
    process: str
    process_version: int
    user_id: int
    priority: int
    condition: str | None
    created_at: datetime
    closed_at: datetime | None
    tokens: list[TokenOut]
    workitems: list[int]


class EventOut(Schema):
    seq: int | None
    created_at: datetime
    action: str
    actor_id: int | None
    actor: str
    workitem_id: int | None
    activity_id: int | None
    transition_id: int | None
    status_from: str
    status_to: str
    metadata: dict[str, Any]

    @staticmethod
    def resolve_actor(event: Any) -> str:
        return str(event.actor_label)


class ItemStateOut(Schema):
    id: int
    activity_id: int
    activity: str
    status: str
    user_id: int | None
    since: datetime


class StateOut(Schema):
    id: int
    at: datetime
    status: str | None
    tokens: list[TokenOut]
    workitems: list[ItemStateOut]
