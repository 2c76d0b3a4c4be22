"""The graph of a process that is not stored yet: what checks look at, without rows."""

from workflow import graph
from workflow.definitions import ActivityData, ProcessData, TransitionData
from workflow.preparing import condition_of


def graph_of(data: ProcessData) -> graph.Graph:
    """Return the graph of a prepared process; groups and people are left out.

    Raises ConditionProblem where a condition could not be read.
    """
    return graph.Graph(
        process_id=0,
        code=data.code,
        title=data.title,
        version=0,
        priority=data.priority,
        begin=data.begin,
        end=data.end,
        start_group_ids=(),
        nodes={activity.key: _node(activity) for activity in data.activities},
        edges=tuple(
            _edge(data, place, way) for place, way in enumerate(data.transitions)
        ),
        requester_may_cancel=data.requester_may_cancel,
        data_schema=dict(data.data_schema),
    )


def _node(activity: ActivityData) -> graph.Node:
    return graph.Node(
        id=0,
        key=activity.key,
        title=activity.title,
        description=activity.description,
        kind=activity.kind,
        role_ids=(),
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
        subflow=activity.subflow,
        subflow_binding=activity.subflow_binding,
    )


def _edge(data: ProcessData, place: int, way: TransitionData) -> graph.Edge:
    return graph.Edge(
        id=place,
        key=way.key,
        name=way.name,
        source=way.source,
        target=way.target,
        order=way.order,
        is_default=way.is_default,
        text=way.condition,
        condition=condition_of(data, way),
        precondition=way.precondition or "",
        pre_hook=way.pre_hook or "",
        post_hook=way.post_hook or "",
    )
