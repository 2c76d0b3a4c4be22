import pytest

from kernel import errors


class TooEarly(errors.Conflict):
    """It is too early for this.

    More words.
    """

    code = "too_early"


def test_an_errors_docstring_is_its_message():
    error = TooEarly()
    assert (error.detail, error.code, error.status) == (
        "It is too early for this.",
        "too_early",
        409,
    )


def test_a_message_of_its_own_wins():
    assert TooEarly("Come back at nine.").detail == "Come back at nine."


@pytest.mark.parametrize("kind", errors.ApplicationError.__subclasses__())
def test_each_kind_has_a_status_a_code_and_a_sentence(kind):
    error = kind()
    assert 400 <= error.status < 600
    assert error.code
    assert error.detail.endswith(".")
