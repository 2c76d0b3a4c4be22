"""Where tokens go: split, join and end, from graph and state, without a database.

A token is a live work item.
`Marking` says where the tokens of an instance are, and every function here answers
with a new one; nothing is changed in place.

An AND-join synchronises: it waits for every branch that can still arrive and for no
other.
It fires when at least one token waits and, for each transition into it on which none
waits, no token elsewhere can reach that transition on a path that does not pass
through the join.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Way(Protocol):
    """What routing reads of a transition."""

    @property
    def key(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def is_default(self) -> bool: ...


class Place(Protocol):
    """What routing reads of an activity."""

    @property
    def key(self) -> str: ...
    @property
    def split_mode(self) -> str: ...
    @property
    def joins(self) -> bool: ...


class Net(Protocol):
    """What routing reads of a version; `workflow.graph.Graph` is one."""

    @property
    def end(self) -> str: ...
    @property
    def nodes(self) -> Mapping[str, Place]: ...
    def ways(self, key: str) -> Sequence[Way]: ...
    def entering(self, key: str) -> Sequence[Way]: ...
    def reaching(self, edge_key: str) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Marking:
    """Where the tokens are, by the keys of activities and transitions."""

    #: Live work items that stand at an activity and do not wait for others.
    at: Mapping[str, int] = field(default_factory=dict)
    #: Tokens waiting at a join: the work items they came from, by transition.
    waiting: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    #: The blocked work items of each join, one a round, the oldest first.
    rounds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.at and not self.waiting

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return sum(self.at.values()) + sum(map(len, self.waiting.values()))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Marking":
        """Read what `as_json` wrote."""
        return cls(
            at=dict(stored.get("at", {})),
            waiting={k: tuple(v) for k, v in stored.get("waiting", {}).items()},
            rounds={k: tuple(v) for k, v in stored.get("rounds", {}).items()},
        )

    def as_json(self) -> dict[str, Any]:
        """Return the marking as it is stored."""
        return {
            "at": dict(self.at),
            "waiting": {key: list(value) for key, value in self.waiting.items()},
            "rounds": {key: list(value) for key, value in self.rounds.items()},
        }

    def arrived(self, activity: str) -> "Marking":
        """Return the marking with one token more at the activity."""
        return Marking(
            {**self.at, activity: self.at.get(activity, 0) + 1},
            self.waiting,
            self.rounds,
        )

    def left(self, activity: str) -> "Marking":
        """Return the marking with one token less at the activity."""
        rest = self.at[activity] - 1
        others = {key: count for key, count in self.at.items() if key != activity}
        return Marking(
            {**others, activity: rest} if rest else others, self.waiting, self.rounds
        )


@dataclass(frozen=True, slots=True)
class Created:
    """A work item to write; it is `inactive`, `blocked`, or `complete` at the end."""

    id: int
    activity: str
    status: str
    via: str
    from_item: int


@dataclass(frozen=True, slots=True)
class Released:
    """A blocked work item whose join fires; the other tokens came from `others`."""

    id: int
    activity: str
    status: str
    others: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Moves:
    """What one forward does."""

    marking: Marking
    created: tuple[Created, ...] = ()
    released: tuple[Released, ...] = ()
    #: Blocked work items of earlier steps at which a token arrived in this one.
    touched: frozenset[int] = frozenset()
    #: A token was consumed at the end.
    reached_end: bool = False
    #: Blocked work items that can never go on.
    stuck: tuple[int, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the instance is done: the end was reached and no token is left."""
        return self.reached_end and self.marking.is_empty


def choose(
    net: Net, activity: str, *, passes: Callable[[Any], bool]
) -> tuple[Any, ...]:
    """Return the transitions that a completed activity takes; empty means no match.

    `passes` says whether precondition, pre-hook and condition of one are all true;
    an xor split stops asking at the first that is.
    """
    ways = net.ways(activity)
    usual = [way for way in ways if not way.is_default]
    taken: list[Any] = []
    for way in usual:
        if passes(way):
            taken.append(way)
            if net.nodes[activity].split_mode == "xor":
                break
    if taken:
        return tuple(taken)
    return tuple(way for way in ways if way.is_default and passes(way))


def forward(
    net: Net,
    marking: Marking,
    *,
    item: int,
    activity: str,
    taken: Sequence[Any],
    new_ids: Sequence[int],
) -> Moves:
    """Move the token of a work item along the transitions that were chosen.

    `new_ids` holds one number for each of them; those that are not needed stay free.
    """
    move = _Move(net, marking.left(activity))
    for way, number in zip(taken, new_ids, strict=True):
        move.arrive(way, item=item, number=number)
    move.fire_joins()
    return move.result()


def open_join(net: Net, marking: Marking, *, item: int, join: str) -> Moves:
    """Let a blocked work item go on with what has arrived, whatever is missing.

    For somebody who decides that nothing more will come; other joins wait until the
    token goes on.
    """
    others = [number for number in marking.rounds[join] if number != item]
    rounds = {**marking.rounds, join: (item, *others)}
    move = _Move(net, Marking(marking.at, marking.waiting, rounds))
    move.fire(join)
    return move.result()


@dataclass(slots=True)
class _Move:
    """The state of one forward while it is worked out."""

    net: Net
    marking: Marking
    created: dict[int, Created] = field(default_factory=dict)
    released: dict[int, Released] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    reached_end: bool = False

    def arrive(self, way: Any, *, item: int, number: int) -> None:
        """Let a token come along a transition."""
        if self.net.nodes[way.target].joins:
            self.wait(way, item=item, number=number)
            return
        status = self.stand(way.target)
        self.created[number] = Created(number, way.target, status, way.key, item)

    def stand(self, activity: str) -> str:
        """Put a token on an activity, or consume it at the end."""
        if activity == self.net.end:
            self.reached_end = True
            return "complete"
        self.marking = self.marking.arrived(activity)
        return "inactive"

    def wait(self, way: Any, *, item: int, number: int) -> None:
        """Put a token before a join; the first of a round makes its work item."""
        before = self.marking
        queue = (*before.waiting.get(way.key, ()), item)
        rounds = before.rounds.get(way.target, ())
        if len(queue) > len(rounds):
            rounds = (*rounds, number)
            self.created[number] = Created(number, way.target, "blocked", way.key, item)
        else:
            self.touched.add(rounds[len(queue) - 1])
        self.marking = Marking(
            before.at,
            {**before.waiting, way.key: queue},
            {**before.rounds, way.target: rounds},
        )

    def fire_joins(self) -> None:
        """Fire every join that can fire, until none can."""
        while ready := [key for key in self.marking.rounds if self.can_fire(key)]:
            self.fire(ready[0])

    def can_fire(self, join: str) -> bool:
        """Tell whether no branch that is still missing can arrive."""
        missing = [
            way.key
            for way in self.net.entering(join)
            if not self.marking.waiting.get(way.key)
        ]
        live = self.live_elsewhere(join)
        return all(live.isdisjoint(self.net.reaching(key)) for key in missing)

    def live_elsewhere(self, join: str) -> frozenset[str]:
        """Return the activities that hold a token, but for those waiting at the join.

        A token that stands at the join itself, of an earlier round, counts.
        """
        others = (key for key in self.marking.rounds if key != join)
        return frozenset((*self.marking.at, *others))

    def fire(self, join: str) -> None:
        """Consume one token of each transition that has one, and go on with one."""
        item, *later = self.marking.rounds[join]
        consumed: list[int] = []
        waiting = dict(self.marking.waiting)
        for way in self.net.entering(join):
            first, *rest = waiting.pop(way.key, ()) or (None,)
            if first is not None:
                consumed.append(first)
            if rest:
                waiting[way.key] = tuple(rest)
        rounds = {k: v for k, v in self.marking.rounds.items() if k != join}
        if later:
            rounds[join] = tuple(later)
        self.marking = Marking(self.marking.at, waiting, rounds)
        status = self.stand(join)
        self.released[item] = Released(item, join, status, tuple(consumed))

    def result(self) -> Moves:
        return Moves(
            marking=self.marking,
            created=tuple(map(self.final, self.created.values())),
            released=tuple(
                item for key, item in self.released.items() if key not in self.created
            ),
            touched=frozenset(self.touched - self.created.keys()),
            reached_end=self.reached_end,
            stuck=self.stuck(),
        )

    def final(self, item: Created) -> Created:
        """Return a new work item as it is at the end of the step."""
        if item.id not in self.released:
            return item
        fired = self.released[item.id]
        return Created(item.id, item.activity, fired.status, item.via, item.from_item)

    def stuck(self) -> tuple[int, ...]:
        """Return the blocked items, if only waiting tokens are left."""
        if self.marking.at:
            return ()
        return tuple(item for items in self.marking.rounds.values() for item in items)
