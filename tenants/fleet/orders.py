"""What a run over the fleet is asked for, and what it answers."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Final
from uuid import UUID

from tenants.context import TenantInfo
from tenants.fleet.ledger import Mode, State

#: A share of a group is of no use where it comes to one or two tenants.
LEAST_OF_A_SHARE: Final = 3
#: As many failures as stop a run before its next wave; one alone never does.
MOST_FAILED: Final = 0.02


@dataclass(frozen=True, slots=True)
class Wave:
    """How far a group has come when a wave ends: a number of tenants, or a share."""

    text: str

    def end(self, size: int) -> int:
        """Return how many of so many tenants have had their turn then."""
        if self.text.endswith("%"):
            share = ceil(size * float(self.text[:-1]) / 100)
            return min(size, max(LEAST_OF_A_SHARE, share))
        return min(size, int(self.text))


def waves(text: str) -> tuple[Wave, ...]:
    """Return the waves of a text like `1,1%,100%`. Raises ValueError."""
    found = tuple(Wave(part.strip()) for part in text.split(","))
    for wave in found:
        number = float(wave.text.removesuffix("%"))
        if not 0 < number <= (100 if wave.text.endswith("%") else number):
            raise ValueError(text)
        if wave.end(10**6) < 1:
            raise ValueError(text)
    ends = [wave.end(10**6) for wave in found]
    if ends != sorted(ends):
        raise ValueError(text)
    return found if found[-1].text == "100%" else (*found, Wave("100%"))


WAVES: Final = waves("1,1%,100%")


@dataclass(frozen=True, slots=True)
class Order:
    """Whom a run is for, and how it goes about it."""

    only: frozenset[UUID] | None = None
    canary: UUID | None = None
    waves: tuple[Wave, ...] = WAVES
    jobs: int = 1
    #: Only those whose last try failed.
    retry_failed: bool = False
    #: Go on with what was interrupted: with its recorded SQL, without what failed.
    resume: bool = False
    lock_timeout_ms: int = 2_000
    #: The same of an index that is built beside the work. It waits for the end of all
    #: transactions that are older, another tenant's long report too, and nobody waits
    #: for it meanwhile.
    build_lock_timeout_ms: int = 60_000
    #: Of a replay; Django's own way may have rows to rewrite, and takes its time.
    statement_timeout_ms: int = 300_000
    #: Seconds between one try and the next of a tenant whose tables are locked.
    pauses: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0)


#: What is said of a tenant that did not fail.
WORDS: Final = {
    State.DONE: "migrated",
    State.SKIPPED: "up to date",
    State.PENDING: "waiting",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Where it failed, and what the database said."""

    migration: str
    statement_no: int | None
    sqlstate: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended for one tenant."""

    tenant: TenantInfo
    state: State
    wave: int = 0
    mode: Mode | None = None
    attempts: int = 0
    failure: Failure | None = None

    @property
    def is_done(self) -> bool:
        return self.state == State.DONE

    @property
    def is_failed(self) -> bool:
        return self.state == State.FAILED

    @property
    def words(self) -> str:
        """Return how it ended, for people."""
        if self.failure is not None and self.is_failed:
            return f"failed, {self.failure.text}"
        return WORDS.get(self.state, self.state.value)

    def tried_before(self, attempts: int) -> "Outcome":
        return replace(self, attempts=self.attempts + attempts)


@dataclass
class Report:
    """What a run did, or would do."""

    revision: str = ""
    groups: list[dict[str, Any]] = field(default_factory=list)
    waves: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    #: Why it ended before its end, empty where it did not.
    stopped: str = ""

    def take(self, outcomes: Iterable[Outcome]) -> None:
        for one in outcomes:
            self.outcomes[one.tenant.uuid] = one

    def of_state(self, *states: State) -> list[Outcome]:
        """Return the outcomes that ended so, by slug."""
        found = (one for one in self.outcomes.values() if one.state in states)
        return sorted(found, key=lambda one: one.tenant.slug)

    @property
    def failed(self) -> list[Outcome]:
        return self.of_state(State.FAILED)

    @property
    def is_whole(self) -> bool:
        """Tell whether every tenant has arrived."""
        return not self.stopped and not self.of_state(
            State.FAILED, State.DEFERRED, State.PENDING, State.RUNNING
        )


class Told:
    """Who listens to a run; this one keeps silent."""

    def step(self, name: str) -> None:
        """Hear that a step is over; what it changed is committed."""

    def begin(self, wave: int, total: int) -> None:
        """Hear that a wave begins, of so many tenants."""

    def ended(self, outcome: Outcome) -> None:
        """Hear how it ended for a tenant."""


def is_too_many(outcomes: Iterable[Outcome]) -> bool:
    """Tell whether a wave failed so often that no other may follow."""
    found = list(outcomes)
    failed = sum(one.is_failed for one in found)
    return failed > 1 and failed > MOST_FAILED * len(found)
