"""Schedules: which flow does what, made from a seed, written and read as JSON.

Any part of a schedule is a schedule: a step that has nothing to work on does nothing.
So one that fails can be made shorter by taking steps out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

#: How a strand runs: a thread, a thread of Celery tasks, or asyncio tasks whose
#: synchronous parts share a thread of their own, or the thread that waits for them.
KINDS: Final = ("thread", "tasks", "asgi", "async_to_sync")

#: What a flow may do, and how often it does.
WEIGHTS: Final = {
    "use": 170,
    "share": 40,
    "turn": 50,
    "leave": 120,
    "raise": 60,
    "atomic": 80,
    "flat": 30,
    "ask": 100,
    "many": 10,
    "call": 10,
    "copy": 10,
    "keep": 40,
    "ask_kept": 80,
    "copy_kept": 15,
    "hold": 15,
    "look": 30,
    "by_hand": 10,
    "meddle": 10,
    "call_kept": 10,
    "read": 40,
    "read_lazily": 20,
    "write": 50,
    "change": 20,
    "erase": 20,
    "fail": 50,
    "violate": 20,
    "savepoint": 60,
    "undo": 80,
    "release": 20,
    "gamble": 15,
    "on_commit": 40,
    "close": 20,
    "lose": 10,
    "bind": 20,
    "call_bound": 30,
    "bare": 3,
    "thread": 4,
    "task": 15,
}
#: What only a flow of asyncio does besides.
LATER: Final = {"aside": 25, "to_thread": 15, "gather": 15, "cancel": 15, "aread": 30}
OPS: Final[dict[str, dict[str, int]]] = {
    "thread": WEIGHTS,
    "tasks": {"task": 20, "close": 1, "lose": 1, "bare": 1},
    "asgi": WEIGHTS | LATER,
    "async_to_sync": WEIGHTS | LATER,
}
#: What is done in a thread that others use too, where nothing may stay open.
SELF_CONTAINED: Final = ("use", "leave", "raise", "ask", "read", "block")
NESTING: Final = {"thread", "task", "aside", "to_thread", "block"}
TOGETHER: Final = {"gather", "cancel"}
#: What changes nothing at the server by itself; the statement after it may.
PREPARING: Final = {"use", "share", "turn", "atomic", "flat", "bind", "raise"}
QUIET_SHARE: Final = {False: 0.1, True: 0.4}
FLOWS: Final = 3
#: How much of a strand is done on the second connection.
SHARES_OF_SECOND: Final = (0.0, 0.1, 0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one flow does; `quiet` ones are not followed by a probe."""

    op: str
    flow: int = 0
    arg: int = 0
    db: int = 0
    quiet: bool = False
    inner: tuple["Step", ...] = ()


@dataclass(frozen=True, slots=True)
class Strand:
    """The steps of one thread, or of one event loop with its tasks."""

    kind: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Strands that run at the same time."""

    seed: int
    strands: tuple[Strand, ...]


def make(seed: int, *, strands: int, length: int) -> Schedule:
    """Return the schedule of a seed."""
    random = Random(seed)  # noqa: S311 - no secret is made of it
    kinds = list(KINDS)
    random.shuffle(kinds)
    made = []
    for number in range(strands):
        kind = kinds[number % len(kinds)]
        made.append(Strand(kind, tuple(program(random, kind, length))))
    return Schedule(seed, tuple(made))


def program(random: Random, kind: str, length: int) -> list[Step]:
    """Return the steps of a strand; those of tasks count with what is in them."""
    steps: list[Step] = []
    while sum(1 + len(step.inner) for step in steps) < length:
        steps.append(step(random, drawn(random, OPS[kind]), FLOWS))
    second = random.choice(SHARES_OF_SECOND)
    return [placed(random, each, second) for each in steps]


def placed(random: Random, step: Step, second: float) -> Step:
    """Return a step on one of two connections, which strands use more and less."""
    inner = tuple(placed(random, each, second) for each in step.inner)
    return replace(step, db=int(random.random() < second), inner=inner)


def drawn(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def step(random: Random, op: str, flows: int) -> Step:
    inner: tuple[Step, ...] = ()
    if op in NESTING:
        plain = {name: n for name, n in WEIGHTS.items() if name not in NESTING}
        number = random.randint(2, 8)
        inner = tuple(step(random, drawn(random, plain), 1) for _ in range(number))
    if op in TOGETHER:
        number = random.randint(3, 9)
        inner = tuple(
            step(random, random.choice(SELF_CONTAINED), flows) for _ in range(number)
        )
    return Step(
        op,
        flow=random.randrange(flows),
        arg=random.randrange(64),
        quiet=random.random() < QUIET_SHARE[op in PREPARING],
        inner=inner,
    )


def size(steps: Sequence[Step]) -> int:
    """Return how many steps there are, with those inside others."""
    return sum(1 + size(each.inner) for each in steps)


def dumps(schedule: Schedule) -> str:
    """Return a schedule as JSON, one step a line."""
    strands = []
    for strand in schedule.strands:
        lines = ",\n".join("    " + json.dumps(written(each)) for each in strand.steps)
        strands.append(f'  {{"kind": "{strand.kind}", "steps": [\n{lines}\n  ]}}')
    written_strands = ",\n".join(strands)
    return f'{{"seed": {schedule.seed}, "strands": [\n{written_strands}\n]}}'


def loads(text: str) -> Schedule:
    """Return the schedule that `dumps` wrote."""
    data = json.loads(text)
    strands = tuple(
        Strand(strand["kind"], tuple(map(read, strand["steps"])))
        for strand in data["strands"]
    )
    return Schedule(data["seed"], strands)


def written(step: Step) -> dict[str, Any]:
    """Return a step as plain data, without what is usual."""
    data: dict[str, Any] = {"op": step.op}
    for name in ("flow", "arg", "db", "quiet"):
        if value := getattr(step, name):
            data[name] = value
    if step.inner:
        data["inner"] = list(map(written, step.inner))
    return data


def read(data: dict[str, Any]) -> Step:
    inner = tuple(map(read, data.get("inner", ())))
    return Step(**{**data, "inner": inner})
