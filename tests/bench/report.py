"""The figures, as a table, as verdicts and as one JSON object."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Final

MOST_EXTRA_STATEMENTS: Final = 1
HIGHEST_RATIO_TO_PLAIN: Final = 1.05
RATIO_TO_BEAT: Final = 1.0


@dataclass(frozen=True)
class Line:
    """What is known of one run. `ratios` are its p50 against plain Django's."""

    name: str
    statements: int
    round_trips: int
    milliseconds: Sequence[float]
    ratios: Sequence[float]


@dataclass(frozen=True)
class Figures:
    """What the goals are about; the ratios are of the p50, one a round."""

    extra_statements: int
    against_plain: Sequence[float]
    against_django_tenants: Sequence[float]

    def as_json(self) -> str:
        return json.dumps(
            {
                "extra_statements": self.extra_statements,
                "p50_vs_plain": round(median(self.against_plain), 4),
                "p50_vs_django_tenants": round(median(self.against_django_tenants), 4),
            }
        )


def table(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the aligned lines of the table."""
    wide = max(len(line.name) for line in lines)
    yield (f"{'':{wide}}  statements  round trips   p50 ms   p99 ms  p50 against plain")
    for line in lines:
        times = line.milliseconds
        yield (
            f"{line.name:{wide}}  {line.statements:10}  {line.round_trips:11}"
            f"  {percentile(times, 50):7.2f}  {percentile(times, 99):7.2f}"
            f"  {median(line.ratios):17.3f}"
        )


def verdicts(figures: Figures) -> Iterator[str]:
    """Yield a line for each goal: the figure, the goal, and whether it is met."""
    extra = figures.extra_statements
    yield verdict(
        "statements more than plain Django",
        str(extra),
        f"at most {MOST_EXTRA_STATEMENTS}",
        is_met=extra <= MOST_EXTRA_STATEMENTS,
    )
    plain = figures.against_plain
    yield verdict(
        "p50 against plain Django",
        with_doubt(plain),
        f"at most {HIGHEST_RATIO_TO_PLAIN}",
        is_met=median(plain) <= HIGHEST_RATIO_TO_PLAIN,
        is_sure=is_sure(plain, HIGHEST_RATIO_TO_PLAIN),
    )
    tenants = figures.against_django_tenants
    yield verdict(
        "p50 against django-tenants",
        with_doubt(tenants),
        f"below {RATIO_TO_BEAT}",
        is_met=median(tenants) < RATIO_TO_BEAT,
        is_sure=is_sure(tenants, RATIO_TO_BEAT),
    )


def verdict(
    what: str, figure: str, goal: str, *, is_met: bool, is_sure: bool = True
) -> str:
    word = "met" if is_met else "MISSED"
    doubt = "" if is_sure else ", within the noise of this run"
    return f"{what:34} {figure:25} goal: {goal:12} {word}{doubt}"


def with_doubt(ratios: Sequence[float]) -> str:
    low, high = interval(ratios)
    return f"{median(ratios):.3f} ({low:.3f} to {high:.3f})"


def is_sure(ratios: Sequence[float], goal: float) -> bool:
    """Tell whether the goal lies outside of what the median may be."""
    low, high = interval(ratios)
    return not low <= goal <= high


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return where the median lies with 95 % confidence, by the ranks of the values."""
    ordered = sorted(values)
    half = 0.98 * sqrt(len(ordered))
    low = max(round(len(ordered) / 2 - half), 0)
    high = min(round(len(ordered) / 2 + half), len(ordered) - 1)
    return ordered[low], ordered[high]


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the value that so many of a hundred do not exceed."""
    return ordered[-(-len(ordered) * percent // 100) - 1]
