"""A published version as frozen data, cached in memory.

A published version never changes, so it is read once per tenant and process.
Its content is hashed at publishing; a row that was changed behind the models gives
another hash and is refused (`process.tampered`), never run.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from threading import Lock
from typing import Any

from tenants.context import context_uuid
from workflow import handlers
from workflow.conditions import (
    Condition,
    ConditionProblem,
    Expression,
    FieldType,
    OneOf,
    Timeout,
    compiled,
)
from workflow.conditions.parts import Comparison, Constant, Items, Name
from workflow.errors import ProcessTampered
from workflow.outcomes import Outcome

#: The versions of all tenants that one process of the server keeps.
MOST_CACHED = 2000

_cache: OrderedDict[tuple[object, ...], "Graph"] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Node:
    """An activity."""

    id: int
    key: str
    title: str
    description: str
    kind: str
    role_ids: tuple[int, ...]
    push_application: str
    pushapp_param: Mapping[str, Any]
    application: str
    app_param: Mapping[str, Any]
    form: str
    form_template: str
    autostart: bool
    autofinish: bool
    join_mode: str
    split_mode: str
    node_type: str = "standard"
    allowed_group_ids: tuple[int, ...] = ()
    allowed_user_ids: tuple[int, ...] = ()
    sla_role_ids: tuple[int, ...] = ()
    sla_duration: str = ""
    sla_warn: str = ""
    compensation_handler: str = ""
    subflow: str = ""
    subflow_binding: str = "latest"
    map_in: Mapping[str, Any] = field(default_factory=dict)
    map_out: Mapping[str, Any] = field(default_factory=dict)
    max_attempts: int = 3

    @property
    def is_subflow(self) -> bool:
        """Whether a child instance does the work."""
        return self.kind == "subflow"

    @property
    def is_automatic(self) -> bool:
        """Whether the engine does the work itself, and no person."""
        return self.kind == "dummy" or self.autostart or self.is_subflow

    @property
    def offered_group_ids(self) -> tuple[int, ...]:
        """The groups whose members may do the work."""
        return tuple(sorted({*self.role_ids, *self.allowed_group_ids}))

    @property
    def is_open_to_all(self) -> bool:
        """Whether every active user may do the work."""
        return not (self.role_ids or self.allowed_group_ids or self.allowed_user_ids)

    @property
    def joins(self) -> bool:
        """Whether tokens wait here for those of other branches."""
        return self.join_mode == "and"


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition, from the key of its source to the key of its target."""

    id: int
    key: str
    name: str
    source: str
    target: str
    order: int
    is_default: bool
    text: str
    condition: Condition
    precondition: str
    pre_hook: str
    post_hook: str

    @property
    def timeout(self) -> timedelta | None:
        """After what time this is taken, or None where no timer takes it."""
        condition = self.condition
        return condition.after if isinstance(condition, Timeout) else None


@dataclass(frozen=True)
class Graph:
    """One version of a process."""

    process_id: int
    code: str
    title: str
    version: int
    priority: int
    begin: str
    end: str
    start_group_ids: tuple[int, ...]
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    requester_may_cancel: bool = False
    data_schema: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _keys(self) -> Mapping[int, str]:
        return {node.id: node.key for node in self.nodes.values()}

    @cached_property
    def _leaving(self) -> Mapping[str, tuple[Edge, ...]]:
        return _grouped(self.edges, "source")

    @cached_property
    def _entering(self) -> Mapping[str, tuple[Edge, ...]]:
        return _grouped(self.edges, "target")

    @cached_property
    def _reaching(self) -> Mapping[str, frozenset[str]]:
        joining = (edge for edge in self.edges if self.nodes[edge.target].joins)
        return {edge.key: self._before(edge) for edge in joining}

    def key_of(self, activity_id: int) -> str:
        return self._keys[activity_id]

    def node_of(self, activity_id: int) -> Node:
        return self.nodes[self._keys[activity_id]]

    def edge(self, key: str) -> Edge:
        return next(edge for edge in self.edges if edge.key == key)

    def edge_of(self, transition_id: int) -> Edge:
        return next(edge for edge in self.edges if edge.id == transition_id)

    def ways(self, key: str) -> tuple[Edge, ...]:
        """Return what completing an activity looks at, in order; no timeouts."""
        leaving = self._leaving.get(key, ())
        return tuple(edge for edge in leaving if edge.timeout is None)

    def timeouts(self, key: str) -> tuple[Edge, ...]:
        """Return the transitions that a timer takes."""
        leaving = self._leaving.get(key, ())
        return tuple(edge for edge in leaving if edge.timeout is not None)

    def entering(self, key: str) -> tuple[Edge, ...]:
        return self._entering.get(key, ())

    def reaching(self, edge_key: str) -> frozenset[str]:
        """Return the activities from which a token can still take a joining edge.

        Conditions are ignored, and no path passes through the join itself.
        """
        return self._reaching[edge_key]

    def _before(self, edge: Edge) -> frozenset[str]:
        found = {edge.source}
        # A path may begin at the join, but never pass through it.
        waiting = [edge.source] if edge.source != edge.target else []
        while waiting:
            for entering in self.entering(waiting.pop()):
                if entering.source not in found:
                    found.add(entering.source)
                    if entering.source != edge.target:
                        waiting.append(entering.source)
        return frozenset(found)

    def outcomes(self, key: str) -> list[Outcome]:
        """Return the answers that an activity accepts, in the order of its ways."""
        found: dict[str, Outcome] = {}
        for edge in self.ways(key):
            values = accepted(edge.condition)
            for value in values:
                label = edge.name if edge.name and len(values) == 1 else value
                found.setdefault(value, Outcome(value, label))
        if found:
            found.update(self._otherwise(key))
        return list(found.values())

    def _otherwise(self, key: str) -> dict[str, Outcome]:
        """Return the answer that no condition names: the default's, if it has words."""
        named = [edge for edge in self.ways(key) if edge.is_default and edge.name]
        return {"": Outcome("", named[0].name)} if named else {}


def accepted(condition: Condition) -> tuple[str, ...]:
    """Return the outcomes that a condition names as its own."""
    if isinstance(condition, OneOf) and not condition.negated:
        return condition.values
    if isinstance(condition, Expression) and isinstance(condition.node, Comparison):
        return _compared(condition.node)
    return ()


def _compared(node: Comparison) -> tuple[str, ...]:
    if not isinstance(node.first, Name) or node.first.name != "instance.condition":
        return ()
    match node.rest:
        case (("==", Constant(value=str() as value)),):
            return (value,)
        case (("in", Items(items=items)),):
            return tuple(
                str(item.value) for item in items if isinstance(item, Constant)
            )
    return ()


def _grouped(edges: Iterable[Edge], end: str) -> dict[str, tuple[Edge, ...]]:
    found: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=lambda edge: (edge.order, edge.id)):
        found.setdefault(getattr(edge, end), []).append(edge)
    return {key: tuple(value) for key, value in found.items()}


def document_fields() -> dict[str, FieldType]:
    """Return the fields that conditions may read of any registered document.

    A name that two documents register with different types is left out.
    """
    found: dict[str, FieldType] = {}
    torn: set[str] = set()
    for document in handlers.documents.entries.values():
        for name, kind in document.fields.items():
            if found.setdefault(name, kind) != kind:
                torn.add(name)
    return {name: kind for name, kind in found.items() if name not in torn}


def of(process: Any) -> Graph:
    """Return the graph of a version, given its row; only the first call reads it.

    Raises ProcessTampered where the rows differ from what was published.
    """
    content_hash = process.content_hash
    # The instant tells it from a version that had its number before a restore.
    key = (context_uuid(), process.pk, content_hash, process.published_at)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    graph = load(process.pk)
    if not content_hash or fingerprint(graph) != content_hash:
        raise ProcessTampered
    with _lock:
        _cache[key] = graph
        while len(_cache) > MOST_CACHED:
            _cache.popitem(last=False)
    return graph


def load(process_id: int) -> Graph:
    """Read a version from its rows, unchecked. Raises Process.DoesNotExist."""
    from workflow import stored

    found = stored.process(process_id)
    process, fields = found.row, document_fields()
    return Graph(
        process_id=process.pk,
        code=process.code,
        title=process.title,
        version=process.version,
        priority=process.priority,
        begin=found.begin,
        end=found.end,
        start_group_ids=tuple(found.start_group_ids),
        nodes={node.key: node for node in map(_node, stored.activities(process_id))},
        edges=tuple(
            _edge(transition, fields, process.data_schema)
            for transition in stored.transitions(process_id)
        ),
        requester_may_cancel=process.requester_may_cancel,
        data_schema=process.data_schema,
    )


def _node(stored: Any) -> Node:
    row = stored.row
    return Node(
        id=row.pk,
        key=row.key,
        title=row.title,
        description=row.description,
        kind=row.kind,
        role_ids=tuple(stored.role_ids),
        push_application=stored.push_application,
        pushapp_param=row.pushapp_param,
        application=stored.application,
        app_param=row.app_param,
        form=row.form_class,
        form_template=row.form_template,
        autostart=row.autostart,
        autofinish=row.autofinish,
        join_mode=row.join_mode,
        split_mode=row.split_mode,
        node_type=row.node_type,
        allowed_group_ids=tuple(stored.allowed_group_ids),
        allowed_user_ids=tuple(stored.allowed_user_ids),
        sla_role_ids=tuple(stored.sla_role_ids),
        sla_duration=row.sla_duration,
        sla_warn=row.sla_warn,
        compensation_handler=row.compensation_handler,
        subflow=row.subflow,
        subflow_binding=row.subflow_binding,
        map_in=row.map_in,
        map_out=row.map_out,
        max_attempts=row.max_attempts,
    )


def _edge(
    stored: Any, fields: Mapping[str, FieldType], data: Mapping[str, Any]
) -> Edge:
    row = stored.row
    try:
        condition = compiled(row.condition, fields=fields, data=data)
    except ConditionProblem as problem:
        raise ProcessTampered from problem
    return Edge(
        id=row.pk,
        key=row.key,
        name=row.name,
        source=stored.source,
        target=stored.target,
        order=row.order,
        is_default=row.is_default,
        text=row.condition,
        condition=condition,
        precondition=row.precondition,
        pre_hook=row.pre_hook,
        post_hook=row.post_hook,
    )


def fingerprint(graph: Graph) -> str:
    """Return the SHA-256 of everything that the engine reads of a version.

    Row numbers are left out, so the same content has the same hash in every version.
    """
    content = {
        "code": graph.code,
        "title": graph.title,
        "priority": graph.priority,
        "begin": graph.begin,
        "end": graph.end,
        "start_groups": sorted(graph.start_group_ids),
        "requester_may_cancel": graph.requester_may_cancel,
        "data_schema": graph.data_schema,
        "activities": [
            {
                "key": node.key,
                "title": node.title,
                "description": node.description,
                "kind": node.kind,
                "roles": sorted(node.role_ids),
                "push_application": node.push_application,
                "pushapp_param": node.pushapp_param,
                "application": node.application,
                "app_param": node.app_param,
                "form": node.form,
                "form_template": node.form_template,
                "autostart": node.autostart,
                "autofinish": node.autofinish,
                "join_mode": node.join_mode,
                "split_mode": node.split_mode,
                "node_type": node.node_type,
                "allowed_groups": sorted(node.allowed_group_ids),
                "allowed_users": sorted(node.allowed_user_ids),
                "sla_roles": sorted(node.sla_role_ids),
                "sla_duration": node.sla_duration,
                "sla_warn": node.sla_warn,
                "compensation_handler": node.compensation_handler,
                "subflow": node.subflow,
                "subflow_binding": node.subflow_binding,
                "map_in": node.map_in,
                "map_out": node.map_out,
                "max_attempts": node.max_attempts,
            }
            for node in sorted(graph.nodes.values(), key=lambda node: node.key)
        ],
        "transitions": [
            {
                "key": edge.key,
                "name": edge.name,
                "source": edge.source,
                "target": edge.target,
                "order": edge.order,
                "is_default": edge.is_default,
                "condition": edge.text,
                "precondition": edge.precondition,
                "pre_hook": edge.pre_hook,
                "post_hook": edge.post_hook,
            }
            # By the order in which the engine looks, which ties leave to the rows.
            for edge in sorted(graph.edges, key=lambda edge: (edge.order, edge.id))
        ],
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
