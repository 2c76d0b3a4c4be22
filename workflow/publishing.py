"""From a process as data to a published version."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Max

from kernel import clock
from tenants import scheduler
from tenants.context import context_uuid
from workflow import audit, conf, graph, tenancy
from workflow.conditions import ConditionProblem, Timeout, compiled, normalise
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.errors import ProcessInvalid
from workflow.models import (
    Activity,
    Application,
    Process,
    PushApplication,
    Transition,
)
from workflow.validation import problems


def install_process(data: ProcessData, *, by: Any = None) -> Process:
    """Publish a process and return it; the same content publishes nothing new.

    A changed content becomes a new version, and the old one is retired; running
    instances stay on the version they began with.
    Raises ProcessInvalid with every finding in `errors`.
    """
    typed = {way.key: way.condition for way in _keyed(data.transitions)}
    data = prepared(data)
    with tenancy.acting(by), transaction.atomic():
        _lock(data.code)
        group_ids, user_ids = _group_ids(data), _user_ids(data)
        published = Process.objects.published().filter(code=data.code).first()
        content_hash = graph.fingerprint(_draft(data, group_ids, user_ids))
        if published is not None and published.content_hash == content_hash:
            return published
        process = _written(data, group_ids, user_ids, typed)
        if published is not None:
            _retire(published, by=by)
        return _publish(process, content_hash, by=by)


def switch(process: Process, *, enabled: bool, by: Any) -> None:
    """Switch a process off, so that its work waits, or on again."""
    with tenancy.acting(by), transaction.atomic():
        process.enabled = enabled
        process.save(update_fields=["enabled"])
        action = "process.enabled" if enabled else "process.disabled"
        audit.record(action, by=by, process_id=process.pk)
        if enabled:
            # Its timers were passed over; whatever is due is done now.
            scheduler.arm(clock.now())


def prepared(data: ProcessData) -> ProcessData:
    """Return the process with conditions normalised, keys and defaults set.

    Raises ProcessInvalid where it must not be published.
    """
    errors: list[dict[str, object]] = []
    fields = graph.document_fields()
    transitions = []
    for way in _keyed(data.transitions):
        try:
            stored = normalise(
                way.condition,
                fields=fields,
                strategy=conf.value("GOFLOW_CONDITION_STRATEGY"),
            )
        except ConditionProblem as problem:
            errors.append({**problem.as_error(), "transition": way.key})
        else:
            transitions.append(replace(way, condition=stored.text))
    if not errors:
        data = replace(data, transitions=_with_defaults(data.activities, transitions))
        errors.extend(problems(data))
    if errors:
        raise ProcessInvalid(
            f"The process {data.title!r} cannot be published: {errors[0]['message']}",
            extra={"errors": errors},
        )
    return data


def _keyed(ways: tuple[TransitionData, ...]) -> Iterator[TransitionData]:
    """Give a key to each transition that has none."""
    seen: Counter[str] = Counter()
    for way in ways:
        key = way.key or f"{way.source}--{way.target}"
        seen[key] += 1
        if not way.key and seen[key] > 1:
            key = f"{key}-{seen[key]}"
        yield replace(way, key=key)


def _with_defaults(
    activities: tuple[ActivityData, ...], ways: list[TransitionData]
) -> tuple[TransitionData, ...]:
    """Flag the one unconditional way of an xor split, so that it never wins early."""
    xor = {activity.key for activity in activities if activity.split_mode == "xor"}
    plain = Counter(way.source for way in ways if not way.condition)
    conditional = {
        way.source
        for way in ways
        if way.condition and not isinstance(compiled_of(way), Timeout)
    }
    return tuple(
        replace(way, is_default=True)
        if not way.condition
        and way.source in xor & conditional
        and plain[way.source] == 1
        else way
        for way in ways
    )


def compiled_of(way: TransitionData) -> Any:
    """Return the condition of a normalised transition as data."""
    return compiled(way.condition, fields=graph.document_fields())


def _lock(code: str) -> None:
    """Let one publishing of a code run at a time, also of a code that is new."""
    name = f"workflow.publish:{context_uuid()}:{code}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _group_ids(data: ProcessData) -> dict[str, int]:
    names = set(data.start_groups)
    for activity in data.activities:
        names.update(activity.roles, activity.allowed_groups, activity.sla_roles)
    found = dict(Group.objects.filter(name__in=names).values_list("name", "pk"))
    _require_known("group", names - found.keys())
    return found


def _user_ids(data: ProcessData) -> dict[str, int]:
    names = {name for activity in data.activities for name in activity.allowed_users}
    if not names:
        return {}
    people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name
    named = people.filter(username__in=names)
    found = dict(named.values_list("username", "pk"))
    _require_known("user", names - found.keys())
    return found


def _require_known(kind: str, missing: set[str]) -> None:
    """Raise ProcessInvalid where a process names groups or people that are not here."""
    if not missing:
        return
    errors = [{"code": f"{kind}.missing", "message": name} for name in sorted(missing)]
    raise ProcessInvalid(
        f"There is no {kind} named {errors[0]['message']!r}.", extra={"errors": errors}
    )


def _draft(
    data: ProcessData, group_ids: dict[str, int], user_ids: dict[str, int]
) -> graph.Graph:
    """Return the graph that the data will be, without row numbers."""
    return graph.Graph(
        process_id=0,
        code=data.code,
        title=data.title,
        version=0,
        priority=data.priority,
        begin=data.begin,
        end=data.end,
        start_group_ids=_numbers(data.start_groups, group_ids),
        nodes={
            activity.key: graph.Node(
                id=0,
                key=activity.key,
                title=activity.title,
                description=activity.description,
                kind=activity.kind,
                role_ids=_numbers(activity.roles, group_ids),
                push_application=activity.push_application or "",
                pushapp_param=dict(activity.pushapp_param),
                application=activity.application or "",
                app_param=dict(activity.app_param),
                form=activity.form or "",
                form_template=activity.form_template or "",
                autostart=activity.autostart,
                autofinish=activity.autofinish,
                join_mode=activity.join_mode,
                split_mode=activity.split_mode,
                node_type=activity.node_type,
                allowed_group_ids=_numbers(activity.allowed_groups, group_ids),
                allowed_user_ids=_numbers(activity.allowed_users, user_ids),
                sla_role_ids=_numbers(activity.sla_roles, group_ids),
                sla_duration=activity.sla_duration,
                sla_warn=activity.sla_warn,
                compensation_handler=activity.compensation or "",
                subflow=activity.subflow,
                subflow_binding=activity.subflow_binding,
                map_in=dict(activity.map_in),
                map_out=dict(activity.map_out),
                max_attempts=activity.max_attempts,
            )
            for activity in data.activities
        },
        edges=tuple(
            graph.Edge(
                id=place,
                key=way.key,
                name=way.name,
                source=way.source,
                target=way.target,
                order=way.order,
                is_default=way.is_default,
                text=way.condition,
                condition=compiled_of(way),
                precondition=way.precondition or "",
                pre_hook=way.pre_hook or "",
                post_hook=way.post_hook or "",
            )
            for place, way in enumerate(data.transitions)
        ),
        requester_may_cancel=data.requester_may_cancel,
        data_schema=dict(data.data_schema),
    )


def _numbers(names: tuple[str, ...], numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted(numbers[name] for name in names))


def _written(
    data: ProcessData,
    group_ids: dict[str, int],
    user_ids: dict[str, int],
    typed: dict[str, str],
) -> Process:
    last = Process.objects.filter(code=data.code).aggregate(last=Max("version"))["last"]
    process = Process.objects.create(
        title=data.title,
        code=data.code,
        description=data.description,
        version=(last or 0) + 1,
        version_note=data.version_note,
        priority=data.priority,
        requester_may_cancel=data.requester_may_cancel,
        data_schema=dict(data.data_schema),
        org_id=tenancy.resolved()["org_id"],
    )
    process.start_groups.set(_numbers(data.start_groups, group_ids))
    rows = {
        activity.key: _write_activity(process, activity, group_ids, user_ids)
        for activity in data.activities
    }
    for way in data.transitions:
        _write_transition(process, way, rows, typed[way.key])
    process.begin, process.end = rows[data.begin], rows[data.end]
    return process


def _write_activity(
    process: Process,
    data: ActivityData,
    group_ids: dict[str, int],
    user_ids: dict[str, int],
) -> Activity:
    row = Activity.objects.create(
        process=process,
        key=data.key,
        title=data.title,
        description=data.description,
        kind=data.kind,
        push_application=_named(PushApplication, data.push_application),
        pushapp_param=dict(data.pushapp_param),
        application=_named(Application, data.application),
        app_param=dict(data.app_param),
        form_class=data.form or "",
        form_template=data.form_template or "",
        node_type=data.node_type,
        sla_duration=data.sla_duration,
        sla_warn=data.sla_warn,
        compensation_handler=data.compensation or "",
        subflow=data.subflow,
        subflow_binding=data.subflow_binding,
        map_in=dict(data.map_in),
        map_out=dict(data.map_out),
        max_attempts=data.max_attempts,
        autostart=data.autostart,
        autofinish=data.autofinish,
        join_mode=data.join_mode,
        split_mode=data.split_mode,
    )
    row.roles.set(_numbers(data.roles, group_ids))
    row.allowed_groups.set(_numbers(data.allowed_groups, group_ids))
    row.allowed_users.set(_numbers(data.allowed_users, user_ids))
    row.sla_roles.set(_numbers(data.sla_roles, group_ids))
    return row


def _named(model: Any, name: str | None) -> Any:
    """Return the row of a registered name, made where it is missing."""
    return model.objects.get_or_create(url=name)[0] if name else None


def _write_transition(
    process: Process, data: TransitionData, rows: dict[str, Activity], typed: str
) -> Transition:
    return Transition.objects.create(
        process=process,
        key=data.key,
        name=data.name,
        description=data.description,
        input=rows[data.source],
        output=rows[data.target],
        order=data.order,
        is_default=data.is_default,
        condition=data.condition,
        condition_raw=typed,
        precondition=data.precondition or "",
        pre_hook=data.pre_hook or "",
        post_hook=data.post_hook or "",
    )


def _retire(process: Process, *, by: Any) -> None:
    process.status = Process.Status.RETIRED
    process.save(update_fields=["status"])
    audit.record("process.retired", by=by, process_id=process.pk)


def _publish(process: Process, content_hash: str, *, by: Any) -> Process:
    process.status = Process.Status.PUBLISHED
    process.published_at = process.date = clock.now()
    process.published_by = by
    process.content_hash = content_hash
    process.save()
    audit.record(
        "process.published",
        by=by,
        process_id=process.pk,
        metadata={"code": process.code, "version": process.version},
    )
    return process
