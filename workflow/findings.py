"""What is to be said about a process: errors, which stop it, and warnings."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from workflow.conditions import ConditionProblem
from workflow.errors import ProcessInvalid

Level = Literal["error", "warning", "information"]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a process, and what it is about."""

    code: str
    message: str
    level: Level = "error"
    #: Keys of the activity or the transition.
    activity: str = ""
    transition: str = ""
    #: The name of what was written wrongly, and the place in its text.
    field: str = ""
    place: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @classmethod
    def of_condition(cls, problem: ConditionProblem, *, transition: str) -> "Finding":
        place = problem.as_error()
        return cls(
            str(place.pop("code")),
            str(place.pop("message")),
            transition=transition,
            field="condition",
            place=place,
        )

    @property
    def is_error(self) -> bool:
        return self.level == "error"

    def as_error(self) -> dict[str, Any]:
        """Return the entry of a problem+json's `errors`."""
        about = {
            "activity": self.activity,
            "transition": self.transition,
            "field": self.field,
        }
        said = {name: value for name, value in about.items() if value}
        words = {"code": self.code, "message": self.message, "level": self.level}
        return {**words, **said, **self.place}


def errors(found: Iterable[Finding]) -> list[Finding]:
    """Return what stops a process."""
    return [finding for finding in found if finding.is_error]


def refuse_errors(found: Iterable[Finding], *, sentence: str) -> None:
    """Raise ProcessInvalid with every error; warnings pass."""
    wrong = errors(found)
    if wrong:
        raise ProcessInvalid(
            f"{sentence} {wrong[0].message}",
            extra={"errors": [finding.as_error() for finding in wrong]},
        )
