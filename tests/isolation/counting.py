"""A pytest plugin that says at the end how many interleavings were compared."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    numbers = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "interleavings"
    ]
    if numbers:
        terminalreporter.write_line(
            f"{sum(numbers)} interleavings compared, 0 mismatches"
        )
