"""Data written as the rows of a draft; what stays keeps its row, found by its key."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import CharField, Max, Model, Value
from django.db.models.functions import Cast, Concat

from kernel import clock
from tenants.context import context_uuid
from workflow import tenancy
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.errors import ProcessInvalid, ProcessNotFound
from workflow.models import (
    Activity,
    Application,
    Process,
    PushApplication,
    Transition,
    WorkflowLayout,
)

#: The relations of an activity to groups and people, and where their names stand.
PEOPLE = ("roles", "allowed_groups", "allowed_users", "sla_roles")
OF_ACTIVITY = (
    *("title", "description", "kind", "node_type", "push_application"),
    *("pushapp_param", "application", "app_param", "form_class", "form_template"),
    *("sla_duration", "sla_warn", "compensation_handler", "subflow"),
    *("subflow_binding", "map_in", "map_out", "max_attempts"),
    *("autostart", "autofinish", "join_mode", "split_mode"),
)
OF_TRANSITION = (
    *("name", "description", "input", "output", "order", "is_default"),
    *("condition", "condition_raw", "precondition", "pre_hook", "post_hook"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """The numbers of the groups and people that a process names."""

    groups: Mapping[str, int]
    people: Mapping[str, int]

    def numbers(self, activity: ActivityData, relation: str) -> list[int]:
        found = self.people if relation == "allowed_users" else self.groups
        return sorted(found[name] for name in set(getattr(activity, relation)))


def named_in(data: ProcessData) -> Named:
    """Look up groups and people. Raises ProcessInvalid on those that are not here."""
    groups = set(data.start_groups)
    for activity in data.activities:
        groups.update(activity.roles, activity.allowed_groups, activity.sla_roles)
    people = {name for activity in data.activities for name in activity.allowed_users}
    users = get_user_model()._default_manager.all()  # noqa: SLF001 - Django's public name
    return Named(
        _found("group", groups, Group.objects.all(), "name"),
        _found("user", people, users, "username"),
    )


def _found(kind: str, names: set[str], rows: Any, column: str) -> dict[str, int]:
    if not names:
        return {}
    found = rows.filter(**{f"{column}__in": names}).values_list(column, "pk")
    known = dict(found)
    errors = [
        {"code": f"{kind}.missing", "message": name}
        for name in sorted(names - known.keys())
    ]
    if errors:
        raise ProcessInvalid(
            f"There is no {kind} named {errors[0]['message']!r}.",
            extra={"errors": errors},
        )
    return known


@contextmanager
def changing(by: Any) -> Iterator[None]:
    """Let everything inside happen or nothing, in the name of whoever does it."""
    with tenancy.acting(by), transaction.atomic():
        yield


def held(process: Process, *, by: Any) -> Process:
    """Return the row of a version, locked, as it is now. Raises ProcessNotFound."""
    rows = tenancy.filtered(Process.objects.filter(pk=process.pk), user=by)
    row = rows.select_for_update(no_key=True).first()
    if row is None:
        raise ProcessNotFound
    return row


def lock(name: str) -> None:
    """Let one change under a name run at a time: a code, also one that is new."""
    text = f"workflow.publish:{context_uuid()}:{name}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [text])


def add_version(data: ProcessData, *, enabled: bool = True) -> Process:
    """Write the data as a new draft, one version above the last; `lock` comes first.

    Raises ProcessInvalid on a group or a person that is not here.
    """
    last = Process.objects.filter(code=data.code).aggregate(last=Max("version"))["last"]
    process = Process(
        code=data.code,
        title=data.title,
        version=(last or 0) + 1,
        enabled=enabled,
        org_id=tenancy.resolved()["org_id"],
    )
    named = named_in(data)
    process.save(no_end=True)
    rows = _write_activities(process, data.activities, known={})
    _add_people(data.activities, rows, named)
    _write_transitions(process, data.transitions, rows, known={})
    _write_process(process, data, rows, named)
    return process


def write(process: Process, data: ProcessData, named: Named) -> None:
    """Make a draft what the data say; its rows stay where their keys stay."""
    known = {row.key: row for row in Activity.objects.filter(process=process)}
    ways = {row.key: row for row in Transition.objects.filter(process=process)}
    rows = _write_activities(process, data.activities, known)
    _remove_people(process)
    _add_people(data.activities, rows, named)
    _write_transitions(process, data.transitions, rows, ways)
    process.start_groups.clear()
    _write_process(process, data, rows, named)
    obsolete = Activity.objects.filter(process=process)
    obsolete.exclude(key__in=rows.keys()).delete()


def draw(process: Process, layout: Mapping[str, Any]) -> None:
    """Store where the parts of a draft stand in its drawing."""
    values = {"layout": dict(layout), "updated_at": clock.now()}
    WorkflowLayout.objects.update_or_create(process=process, defaults=values)


def erase(process: Process) -> None:
    """Delete all rows of a draft that no instance was ever on."""
    Transition.objects.filter(process=process).delete()
    Process.objects.filter(pk=process.pk).update(begin=None, end=None)
    Activity.objects.filter(process=process).delete()
    process.delete()


def _write_process(
    process: Process, data: ProcessData, rows: Mapping[str, Activity], named: Named
) -> None:
    process.title = data.title
    process.description = data.description
    process.priority = data.priority
    process.requester_may_cancel = data.requester_may_cancel
    process.data_schema = dict(data.data_schema)
    process.version_note = data.version_note
    process.begin, process.end = rows.get(data.begin), rows.get(data.end)
    process.date = clock.now()
    process.save()
    process.start_groups.add(*sorted(named.groups[name] for name in data.start_groups))


def _write_activities(
    process: Process,
    activities: Iterable[ActivityData],
    known: Mapping[str, Activity],
) -> dict[str, Activity]:
    if known:
        # Titles are there once, and two activities may exchange theirs; no title
        # holds such a character.
        place = Concat(Value("\x1f"), Cast("pk", CharField()))
        Activity.objects.filter(process=process).update(title=place)
    rows = {data.key: _activity(process, data, known) for data in activities}
    new = [row for row in rows.values() if row.pk is None]
    kept = [row for row in rows.values() if row.pk is not None]
    Activity.objects.bulk_update(kept, OF_ACTIVITY)
    Activity.objects.bulk_create(new)
    return rows


def _activity(
    process: Process, data: ActivityData, known: Mapping[str, Activity]
) -> Activity:
    row = known.get(data.key) or Activity(process=process, key=data.key)
    row.title = data.title
    row.description = data.description
    row.kind = data.kind
    row.node_type = data.node_type
    row.push_application = _registered(PushApplication, data.push_application)
    row.pushapp_param = dict(data.pushapp_param)
    row.application = _registered(Application, data.application)
    row.app_param = dict(data.app_param)
    row.form_class = data.form or ""
    row.form_template = data.form_template or ""
    row.sla_duration = data.sla_duration
    row.sla_warn = data.sla_warn
    row.compensation_handler = data.compensation or ""
    row.subflow = data.subflow
    row.subflow_binding = data.subflow_binding
    row.map_in = dict(data.map_in)
    row.map_out = dict(data.map_out)
    row.max_attempts = data.max_attempts
    row.autostart = data.autostart
    row.autofinish = data.autofinish
    row.join_mode = data.join_mode
    row.split_mode = data.split_mode
    return row


def _registered(model: Any, name: str | None) -> Any:
    """Return the row of a registered name, made where it is missing."""
    return model.objects.get_or_create(url=name)[0] if name else None


def _remove_people(process: Process) -> None:
    """Forget who may do the work, and who hears that it is late."""
    for relation in PEOPLE:
        through: Any = getattr(Activity, relation).through
        through.objects.filter(activity__process=process).delete()


def _add_people(
    activities: Iterable[ActivityData], rows: Mapping[str, Activity], named: Named
) -> None:
    """Say who may do the work, and who hears that it is late."""
    for relation in PEOPLE:
        through: Any = getattr(Activity, relation).through
        column = "user_id" if relation == "allowed_users" else "group_id"
        through.objects.bulk_create(
            through(activity_id=rows[data.key].pk, **{column: number})
            for data in activities
            for number in named.numbers(data, relation)
        )


def _write_transitions(
    process: Process,
    ways: tuple[TransitionData, ...],
    rows: Mapping[str, Activity],
    known: Mapping[str, Transition],
) -> None:
    obsolete = known.keys() - {way.key for way in ways}
    if not in_order(ways, known):
        obsolete, known = set(known), {}
    if obsolete:
        Transition.objects.filter(process=process, key__in=obsolete).delete()
    if known:
        # At most one is the default, and another may be it from now on.
        Transition.objects.filter(process=process).update(is_default=False)
    found = [_transition(process, way, rows, known) for way in ways]
    kept = [row for row in found if row.pk is not None]
    Transition.objects.bulk_update(kept, OF_TRANSITION)
    Transition.objects.bulk_create([row for row in found if row.pk is None])


def in_order(ways: Iterable[TransitionData], known: Mapping[str, Model]) -> bool:
    """Tell whether the rows are numbered in the order that the data are written in.

    Ties of `order` are looked at in that order, so a row cannot stay where it changes.
    """
    numbers = [known[way.key].pk if way.key in known else None for way in ways]
    kept = [number for number in numbers if number is not None]
    return kept == sorted(kept) == numbers[: len(kept)]


def _transition(
    process: Process,
    data: TransitionData,
    rows: Mapping[str, Activity],
    known: Mapping[str, Transition],
) -> Transition:
    row = known.get(data.key) or Transition(process=process, key=data.key)
    row.name = data.name
    row.description = data.description
    row.input, row.output = rows[data.source], rows[data.target]
    row.order = data.order
    row.is_default = data.is_default
    row.condition = data.condition
    row.condition_raw = data.condition if data.typed is None else data.typed
    row.precondition = data.precondition or ""
    row.pre_hook = data.pre_hook or ""
    row.post_hook = data.post_hook or ""
    return row


def copied(data: ProcessData) -> ProcessData:
    """Return the data for a new version, without what was said about the old one."""
    return replace(data, version_note="")
