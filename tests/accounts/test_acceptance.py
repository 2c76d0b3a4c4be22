"""Every line of the acceptance tables has a test, and the document names it."""

import pytest

from tests.accounts import acceptance

ROWS = [f"A{number:02}" for number in range(1, 41)]
WEAKNESSES = [f"W{number:02}" for number in range(1, 25)]


def test_the_document_has_every_line_of_the_tables() -> None:
    assert list(acceptance.lines()) == ROWS + WEAKNESSES


@pytest.mark.parametrize("line", ROWS + WEAKNESSES)
def test_every_line_has_a_test_that_the_document_names(line: str) -> None:
    names = acceptance.found().get(line, [])
    assert names, f"no test is named test_{line.lower()}_..."
    assert acceptance.lines()[line] == acceptance.told(names)


def test_no_test_stands_for_a_line_that_is_not_there() -> None:
    assert set(acceptance.found()) <= {*ROWS, *WEAKNESSES}
