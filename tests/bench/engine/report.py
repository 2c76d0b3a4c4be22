"""The figures of the engine, as a table, as verdicts and as one JSON object."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from tests.bench.report import is_sure, verdict
from tests.bench.wire import Counts

#: What was measured: one number, or one for each round.
Figures = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Goal:
    """One figure by its name, and how much or how little of it is asked for."""

    name: str
    words: str
    bound: float
    aim: float | None = None
    less_is_better: bool = False
    digits: int = 2

    def is_met(self, figure: float) -> bool:
        return figure <= self.bound if self.less_is_better else figure >= self.bound

    def __str__(self) -> str:
        word = "at most" if self.less_is_better else "at least"
        aim = "" if self.aim is None else f", aim {self.aim:g}"
        return f"{word} {self.bound:g}{aim}"


GOALS: Final = (
    Goal("sql_per_step", "statements a step", 5, 3, less_is_better=True, digits=0),
    Goal("vs_goflow2", "times as fast as django-goflow2", 12, 25),
    Goal("vs_viewflow", "times as fast as django-viewflow", 3, 6),
    Goal("vs_floor", "of the floor's speed", 0.40, 0.80),
    Goal("four_vs_one", "four clients against one", 1.7),
    Goal("backlog_ratio", "with 5,000 open work items", 1.1, less_is_better=True),
    Goal("worklist_statements", "statements a page", 4, less_is_better=True, digits=0),
    Goal("worklist_p95_ms", "p95 of a page, ms", 30, less_is_better=True, digits=1),
)


def as_json(figures: Figures) -> str:
    """Return one object with the median of each figure."""
    return json.dumps(
        {goal.name: round(median(figures[goal.name]), 4) for goal in GOALS}
    )


def verdicts(figures: Figures) -> Iterator[str]:
    """Yield a line for each goal: the figure, the goal, and whether it is met."""
    for goal in GOALS:
        values = figures[goal.name]
        yield verdict(
            goal.words,
            described(values, digits=goal.digits),
            f"{goal!s:20}",
            is_met=goal.is_met(median(values)),
            is_sure=len(values) == 1 or is_sure(values, goal.bound),
        )


def described(values: Sequence[float], *, digits: int = 2) -> str:
    """Return the median, and the quartiles where there is more than one value."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    low, _, high = quantiles(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


@dataclass(frozen=True)
class Line:
    """What is known of one engine; `ratios` say how fast it is against ours."""

    name: str
    counts: Counts
    milliseconds: Sequence[float]
    ratios: Sequence[float]


def table(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the aligned lines of the table, for one instance of three activities."""
    wide = max(len(line.name) for line in lines)
    yield (
        f"{'':{wide}}  statements  round trips   p50 ms  instances/s"
        f"  {'speed against ours':>20}"
    )
    for line in lines:
        middle = median(line.milliseconds)
        yield (
            f"{line.name:{wide}}  {line.counts.statements:10}"
            f"  {line.counts.round_trips:11}  {middle:7.2f}  {1000 / middle:11.1f}"
            f"  {described(line.ratios):>20}"
        )
