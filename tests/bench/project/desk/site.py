"""The peer's WSGI application, called as a server would call it."""

import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from desk.pages import get
from desk.rows import PEOPLE
from django.core.wsgi import get_wsgi_application
from serving import Timed


class Site(Timed):
    """Serves a page a time, and the turns are the sites.

    ["answers", ["acme"], [1, 2]]  the decoded bodies, of each site for each number
    """

    def __init__(self) -> None:
        self.application = get_wsgi_application()
        self.numbers = itertools.cycle(range(1, PEOPLE + 1))

    def answers(self, sites: Sequence[str], numbers: Sequence[int]) -> list[Any]:
        return [
            json.loads(self.get(site, number)) for site in sites for number in numbers
        ]

    def prepared(self, turn: str) -> Callable[[], object]:
        return partial(self.get, turn, next(self.numbers))

    def get(self, site: str, number: int) -> bytes:
        return get(self.application, f"{site}.localhost", f"/desk/{number}")
