"""The report says plainly what is met and what is not."""

import json

import pytest

from tests.bench.report import Figures, Line, interval, percentile, table, verdicts

GOOD = Figures(
    extra_statements=1,
    against_plain=[1.04, 1.03, 1.04],
    against_django_tenants=[0.7, 0.8, 0.9],
)
BAD = Figures(
    extra_statements=2,
    against_plain=[1.06, 1.07, 1.06],
    against_django_tenants=[1.1, 1.1, 1.2],
)
DOUBTFUL = Figures(
    extra_statements=1,
    against_plain=[1.04, 1.0, 1.2],
    against_django_tenants=[1.1, 1.1, 0.9],
)


def test_the_figures_are_one_object_of_numbers():
    assert json.loads(GOOD.as_json()) == {
        "extra_statements": 1,
        "p50_vs_plain": 1.04,
        "p50_vs_django_tenants": 0.8,
    }


@pytest.mark.parametrize(("figures", "word"), [(GOOD, "met"), (BAD, "MISSED")])
def test_each_goal_has_a_verdict(figures, word):
    lines = list(verdicts(figures))
    assert [line.split()[-1] for line in lines] == [word] * 3


def test_a_verdict_says_where_the_noise_could_turn_it():
    ends = [line.split("goal:")[1].split()[2:] for line in verdicts(DOUBTFUL)]
    noise = ["within", "the", "noise", "of", "this", "run"]
    assert ends == [["1", "met"], ["1.05", "met,", *noise], ["MISSED,", *noise]]


def test_the_table_stands_in_columns():
    line = Line("ours", 21, 20, [1.0, 2.0, 3.0], [1.02])
    head, row = table([line])
    assert len(head) == len(row)
    assert row.split() == ["ours", "21", "20", "2.00", "3.00", "1.020"]


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_a_value_that_was_measured(percent, value):
    assert percentile(range(1, 101), percent) == value


def test_the_median_lies_within_its_interval():
    low, high = interval([float(n) for n in range(100)])
    assert (low, high) == (40.0, 60.0)
