"""A version read back as data: what cloning, comparing and exporting begin with."""

from typing import Any

from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.models import Activity, Process, Transition, WorkflowLayout


def data_of(process: Process) -> ProcessData:
    """Return a version of any status as data; writing it gives an equal version.

    A draft may lack begin or end, which are empty then.
    """
    activities = Activity.objects.filter(process=process).select_related(
        "push_application", "application"
    )
    people = ("roles", "allowed_groups", "allowed_users", "sla_roles")
    ways = Transition.objects.filter(process=process).select_related("input", "output")
    rows = list(activities.prefetch_related(*people).order_by("id"))
    keys: dict[int | None, str] = {row.pk: row.key for row in rows}
    return ProcessData(
        code=process.code,
        title=process.title,
        activities=tuple(map(_activity, rows)),
        transitions=tuple(map(_transition, ways.order_by("id"))),
        begin=keys.get(process.begin_id, ""),
        end=keys.get(process.end_id, ""),
        description=process.description,
        priority=process.priority,
        start_groups=_names(process.start_groups, "name"),
        requester_may_cancel=process.requester_may_cancel,
        data_schema=process.data_schema,
        version_note=process.version_note,
    )


def layout_of(process: Process) -> dict[str, Any]:
    """Return where the parts stand in the drawing; empty where nobody drew them."""
    row = WorkflowLayout.objects.filter(process=process).first()
    return dict(row.layout) if row else {}


def _names(related: Any, column: str) -> tuple[str, ...]:
    return tuple(sorted(getattr(row, column) for row in related.all()))


def _activity(row: Any) -> ActivityData:
    return ActivityData(
        key=row.key,
        title=row.title,
        description=row.description,
        kind=row.kind,
        roles=_names(row.roles, "name"),
        push_application=row.push_application.url if row.push_application else None,
        pushapp_param=row.pushapp_param,
        application=row.application.url if row.application else None,
        app_param=row.app_param,
        autostart=row.autostart,
        autofinish=row.autofinish,
        form=row.form_class or None,
        form_template=row.form_template or None,
        compensation=row.compensation_handler or None,
        node_type=row.node_type,
        allowed_groups=_names(row.allowed_groups, "name"),
        allowed_users=_names(row.allowed_users, "username"),
        sla_duration=row.sla_duration,
        sla_warn=row.sla_warn,
        sla_roles=_names(row.sla_roles, "name"),
        subflow=row.subflow,
        subflow_binding=row.subflow_binding,
        map_in=row.map_in,
        map_out=row.map_out,
        max_attempts=row.max_attempts,
        join_mode=row.join_mode,
        split_mode=row.split_mode,
    )


def _transition(row: Transition) -> TransitionData:
    return TransitionData(
        source=row.input.key,
        target=row.output.key,
        name=row.name,
        condition=row.condition,
        is_default=row.is_default,
        order=row.order,
        key=row.key,
        description=row.description,
        precondition=row.precondition or None,
        pre_hook=row.pre_hook or None,
        post_hook=row.post_hook or None,
        typed=row.condition_raw,
    )
