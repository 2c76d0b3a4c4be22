"""What differs between two versions of a process, matched by keys."""

import json
from dataclasses import asdict
from typing import Any

from workflow.definitions import ProcessData
from workflow.errors import CompareInvalid
from workflow.models import Process
from workflow.preparing import keyed
from workflow.reading import data_of

#: Said about a version and no part of what it does; and the parts, compared alone.
ABOUT = ("version_note", "activities", "transitions")
#: Who is named, in no order.
SETS = (
    *("roles", "allowed_groups", "allowed_users", "sla_roles"),
    "start_groups",
)

Fields = dict[str, Any]


def compare(base: Process, other: Process) -> dict[str, Any]:
    """Return what changes from one version to the other, with the seed's keys.

    Changes of a field are told as `{"base": .., "compare": ..}`.
    Raises CompareInvalid on versions of different processes.
    """
    if base.code != other.code:
        raise CompareInvalid
    found = differences(data_of(base), data_of(other))
    return {"base_id": base.pk, "compare_id": other.pk, **found}


def differences(base: ProcessData, other: ProcessData) -> dict[str, Any]:
    """Return the same of two processes as data."""
    found: dict[str, Any] = {}
    changed: dict[str, Any] = {}
    for part in ("activities", "transitions"):
        before, after = _parts(base, part), _parts(other, part)
        found[f"{part}_added"] = sorted(after.keys() - before.keys())
        found[f"{part}_removed"] = sorted(before.keys() - after.keys())
        changed[f"{part}_changed"] = {
            key: fields
            for key in sorted(before.keys() & after.keys())
            if (fields := _changes(before[key], after[key]))
        }
    whole = _changes(_process(base), _process(other))
    return {**found, **changed, "process_changed": whole}


def same(base: ProcessData, other: ProcessData) -> bool:
    """Tell whether two processes do the same, in the same order."""
    in_order = [_tried(data) for data in (base, other)]
    return not any(differences(base, other).values()) and in_order[0] == in_order[1]


def _tried(data: ProcessData) -> list[str]:
    """Return the transitions in the order in which they are tried."""
    ways = enumerate(keyed(data.transitions))
    ranked = sorted(ways, key=lambda pair: (pair[1].source, pair[1].order, pair[0]))
    return [way.key for _, way in ranked]


def _parts(data: ProcessData, part: str) -> dict[str, Fields]:
    rows: Any = data.activities if part == "activities" else keyed(data.transitions)
    return {row.key: _fields(asdict(row)) for row in rows}


def _process(data: ProcessData) -> Fields:
    fields = asdict(data)
    return _fields({name: fields[name] for name in fields if name not in ABOUT})


def _fields(row: Fields) -> Fields:
    """Return the fields as JSON would hold them; what nobody said is empty."""
    fields: Fields = {name: sorted(row[name]) for name in SETS if name in row}
    fields |= {
        name: value or "" if value is None else value
        for name, value in row.items()
        if name not in {*SETS, "typed", "key"}
    }
    plain: Fields = json.loads(json.dumps(fields))
    return plain


def _changes(before: Fields, after: Fields) -> Fields:
    return {
        name: {"base": before[name], "compare": after[name]}
        for name in before
        if before[name] != after[name]
    }
