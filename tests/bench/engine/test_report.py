"""The report of the engine says plainly what is met and what is not."""

import json

import pytest

from tests.bench.engine.report import GOALS, Line, table
from tests.bench.goals import as_json, verdicts
from tests.bench.wire import Counts

NAMES = (
    "sql_per_step",
    "vs_goflow2",
    "vs_viewflow",
    "vs_floor",
    "four_vs_one",
    "audit_vs_floor",
    "backlog_ratio",
    "worklist_statements",
    "worklist_p95_ms",
)
GOOD = dict(
    zip(
        NAMES,
        (
            [5],
            [12.5] * 9,
            [3.1] * 9,
            [0.41] * 9,
            [1.8] * 9,
            [1.9] * 9,
            [1.0] * 9,
            [4],
            [29.9],
        ),
        strict=True,
    )
)
BAD = dict(
    zip(
        NAMES,
        (
            [6],
            [11.5] * 9,
            [2.9] * 9,
            [0.39] * 9,
            [1.6] * 9,
            [2.1] * 9,
            [1.2] * 9,
            [5],
            [30.1],
        ),
        strict=True,
    )
)


def test_the_figures_are_one_object_of_numbers():
    assert json.loads(as_json(GOOD, GOALS)) == {
        "sql_per_step": 5,
        "vs_goflow2": 12.5,
        "vs_viewflow": 3.1,
        "vs_floor": 0.41,
        "four_vs_one": 1.8,
        "audit_vs_floor": 1.9,
        "backlog_ratio": 1.0,
        "worklist_statements": 4,
        "worklist_p95_ms": 29.9,
    }


@pytest.mark.parametrize(("figures", "word"), [(GOOD, "met"), (BAD, "MISSED")])
def test_each_goal_has_a_verdict(figures, word):
    assert [line.split()[-1] for line in verdicts(figures, GOALS)] == [word] * len(
        GOALS
    )


def test_a_verdict_shows_the_median_and_its_quartiles():
    figures = GOOD | {"four_vs_one": [1.5, 1.6, 1.7, 1.8, 1.9]}
    line = next(
        line for line in verdicts(figures, GOALS) if line.startswith("four clients")
    )
    assert "1.70 (1.55 to 1.85)" in line
    assert line.endswith("met, within the noise of this run")


def test_the_table_stands_in_columns():
    head, row = table([Line("ours", Counts(30, 28), [2.0, 4.0, 8.0], [1.0, 1.0])])
    assert len(head) == len(row)
    assert row.split()[:5] == ["ours", "30", "28", "4.00", "250.0"]
