from datetime import UTC, datetime, timedelta

import pytest

from kernel import clock


def test_the_frozen_clock_stands_still_until_it_is_moved():
    at = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    with clock.frozen(at):
        assert clock.now() == at
        assert clock.advance(timedelta(days=3)) == at + timedelta(days=3)
        assert clock.now() == at + timedelta(days=3)


def test_a_running_clock_cannot_be_moved():
    with pytest.raises(RuntimeError, match="Freeze"):
        clock.advance(timedelta(days=1))


def test_the_clock_runs_again_afterwards_and_is_aware():
    with clock.frozen():
        pass
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
