"""What is told of an error: its kind, a line for people, and a trace for operators."""

import traceback
from typing import Final

from kernel.errors import ApplicationError
from workflow import inputs
from workflow.errors import HandlerFailed, NoMatch, TokenLimit

#: What is kept of an error's text, and of where it happened.
LONGEST_MESSAGE: Final = 500
LONGEST_TRACE: Final = 20_000


def kind_of(problem: Exception) -> str:
    """Return the kind of incident that an error is."""
    if isinstance(problem, HandlerFailed | NoMatch | TokenLimit):
        return problem.code
    return "auto.failed"


def described(problem: Exception) -> str:
    """Return what went wrong in a line that can be stored.

    Only our own errors are quoted; the text of another may hold what was typed.
    """
    name = type(problem).__name__
    if isinstance(problem, ApplicationError):
        handler = problem.extra.get("handler")
        detail = f"{problem.detail} ({handler})" if handler else problem.detail
        return inputs.shortened(f"{name}: {detail}")[:LONGEST_MESSAGE]
    return name


def traced(problem: Exception) -> str:
    """Return where it went wrong, for operators; the texts of errors are left out."""
    cause = problem.__cause__ or problem
    frames = traceback.format_tb(cause.__traceback__)
    text = f"{''.join(frames)}{type(cause).__name__}"
    return text.replace("\x00", "")[-LONGEST_TRACE:]
