"""An answer that a work item accepts, and its words on the button."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value that is sent, and what the button says."""

    value: str
    label: str
