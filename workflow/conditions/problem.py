"""What is wrong with a condition, and where."""

from dataclasses import dataclass


@dataclass
class ConditionProblem(Exception):
    """A condition cannot be read; the position counts characters from 0."""

    message: str
    position: int = 0
    length: int = 1
    #: Refused in both strategies; otherwise the compatible one takes it as an outcome.
    is_final: bool = False

    def __str__(self) -> str:
        return f"{self.message} (character {self.position + 1})"

    def as_error(self) -> dict[str, object]:
        """Return the entry of a problem+json's `errors`."""
        return {
            "code": "condition.invalid",
            "message": self.message,
            "line": 1,
            "column": self.position + 1,
            "length": self.length,
        }
