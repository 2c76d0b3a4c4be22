"""Figures with goals, as one JSON object and as verdicts."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.bench.report import is_sure, verdict

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


def as_json(figures: Figures, goals: Sequence[Goal]) -> str:
    """Return one object with the median of each figure."""
    return json.dumps(
        {
            goal.name: round(median(figures[goal.name]), 4)
            for goal in goals
            if goal.name in figures
        }
    )


def verdicts(figures: Figures, goals: Sequence[Goal]) -> Iterator[str]:
    """Yield a line for each goal: the figure, the goal, and whether it is met."""
    for goal in goals:
        values = figures.get(goal.name)
        if not values:
            yield f"{goal.words}: not measured"
            continue
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
