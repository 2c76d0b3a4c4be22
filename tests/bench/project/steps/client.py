"""One client of an engine: it takes instances through three human activities.

The same in every peer: an instance is started about a document that is there already,
and at each of three activities a person takes the work item and then completes it, as
two moves with a transaction each; the last completion reaches the end.
The next work item is looked up by its instance, which is the least a client can do.
"""

import itertools
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from serving import Timed

#: The client works for so many people in turn, so that nobody has a long history:
#: django-goflow2 reads all work that a person ever had when it gives them more.
PEOPLE = 100
ACTIVITIES = ("first", "second", "third")


PERSON = "person-"


def names() -> list[str]:
    """Return what the people are called."""
    return [f"{PERSON}{number}" for number in range(PEOPLE)]


class Client(Timed):
    """Does an instance a time; a turn says nothing here.

    ["finished"]  how many instances have reached the end
    """

    def __init__(self) -> None:
        self.people = itertools.cycle(self.everybody())

    @abstractmethod
    def everybody(self) -> list[Any]:
        """Return the people that the client works for."""

    @abstractmethod
    def document(self, person: Any) -> Any:
        """Return a new document, which is no part of what is timed."""

    @abstractmethod
    def start(self, person: Any, document: Any) -> Any:
        """Start an instance and return its first work item."""

    @abstractmethod
    def take(self, item: Any, person: Any) -> None:
        """Begin on a work item."""

    @abstractmethod
    def complete(self, item: Any, person: Any) -> None:
        """Complete a work item, and so send its token on."""

    @abstractmethod
    def following(self, item: Any, person: Any) -> Any:
        """Return the work item that came of a completed one."""

    @abstractmethod
    def finished(self) -> int: ...

    def prepared(self, turn: str) -> Callable[[], object]:
        person = next(self.people)
        return partial(self.take_through, person, self.document(person))

    def take_through(self, person: Any, document: Any) -> None:
        item = self.start(person, document)
        for activity in ACTIVITIES:
            if activity != ACTIVITIES[0]:
                item = self.following(item, person)
            self.take(item, person)
            self.complete(item, person)
