"""A process as data: what an app writes down and `publishing` installs.

    ProcessData(
        code="leave",
        title="leave",
        begin="request",
        end="end",
        activities=(
            ActivityData("request", "Request"),
            ActivityData("approve", "Approve", split_mode="xor", roles=("Managers",)),
            ActivityData("end", "End", kind="dummy"),
        ),
        transitions=(
            TransitionData("request", "approve", "Send"),
            TransitionData("approve", "end", "Approve", condition="eq:APPROVED"),
            TransitionData("approve", "request", "Refuse", condition="eq:REJECTED"),
        ),
    )

What the fields may hold is said beside each; `validation` refuses the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["standard", "dummy", "subflow"]
NodeType = Literal[
    "standard", "approval", "review", "service", "notification", "gateway", "script"
]
Mode = Literal["xor", "and"]


@dataclass(frozen=True, slots=True)
class ActivityData:
    """One place of the process; `key` stays the same in all its versions."""

    key: str
    title: str
    description: str = ""
    kind: Kind = "standard"
    #: Names of groups whose members may do the work; none means everybody.
    roles: tuple[str, ...] = ()
    #: Registered names, and what their handlers are called with.
    push_application: str | None = None
    pushapp_param: Mapping[str, object] = field(default_factory=dict)
    application: str | None = None
    app_param: Mapping[str, object] = field(default_factory=dict)
    #: The engine does the work: it runs `application` and goes on.
    autostart: bool = False
    #: Completing sends the token on; otherwise `forward` does.
    autofinish: bool = True
    form: str | None = None
    form_template: str | None = None
    #: What undoes the work once it is complete; a registered name.
    compensation: str | None = None
    #: What it stands for in a drawing; the engine does not look.
    node_type: NodeType = "standard"
    #: Whoever may do the work besides the roles: groups, and user names.
    allowed_groups: tuple[str, ...] = ()
    allowed_users: tuple[str, ...] = ()
    #: Durations such as `3d`, and who is told when the work is late.
    sla_duration: str = ""
    sla_warn: str = ""
    sla_roles: tuple[str, ...] = ()
    #: Of a subflow: the code of its process, and `latest` or a version number.
    subflow: str = ""
    subflow_binding: str = "latest"
    map_in: Mapping[str, object] = field(default_factory=dict)
    map_out: Mapping[str, object] = field(default_factory=dict)
    #: How often automatic work is tried before it becomes an incident.
    max_attempts: int = 3
    #: `and` waits for every branch that can still arrive, `xor` for none.
    join_mode: Mode = "xor"
    #: `and` takes every way whose condition holds, `xor` the first one.
    split_mode: Mode = "and"


@dataclass(frozen=True, slots=True)
class TransitionData:
    """The way from `source` to `target`; `name` is what the button says."""

    source: str
    target: str
    name: str = ""
    condition: str = ""
    is_default: bool = False
    #: Looked at in ascending order; ties in the order they are written down.
    order: int = 0
    #: The same in all versions; made of source and target where it is empty.
    key: str = ""
    description: str = ""
    precondition: str | None = None
    pre_hook: str | None = None
    post_hook: str | None = None
    #: What its author typed, where that is not `condition` itself.
    typed: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessData:
    """A whole process; `begin` and `end` are keys of activities."""

    code: str
    title: str
    activities: tuple[ActivityData, ...]
    transitions: tuple[TransitionData, ...]
    begin: str
    end: str
    description: str = ""
    priority: int = 0
    #: Names of groups whose members may start it; none means everybody.
    start_groups: tuple[str, ...] = ()
    requester_may_cancel: bool = False
    #: The types of the variables, by name: see `workflow.variables`.
    data_schema: Mapping[str, object] = field(default_factory=dict)
    version_note: str = ""
