"""What is asked of the engine, and its figures as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.bench.goals import Goal, described
from tests.bench.wire import Counts

GOALS: Final = (
    Goal("sql_per_step", "statements a step", 5, 3, less_is_better=True, digits=0),
    Goal("vs_goflow2", "times as fast as django-goflow2", 12, 25),
    Goal("vs_viewflow", "times as fast as django-viewflow", 3, 6),
    Goal("vs_floor", "of the floor's speed", 0.40, 0.80),
    Goal("four_vs_one", "four clients against one", 1.7),
    Goal("audit_vs_floor", "times reading the audit trail", 2, less_is_better=True),
    Goal("backlog_ratio", "with 5,000 open work items", 1.1, less_is_better=True),
    Goal("worklist_statements", "statements a page", 4, less_is_better=True, digits=0),
    Goal("worklist_p95_ms", "p95 of a page, ms", 30, less_is_better=True, digits=1),
)


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
