"""The peer's WSGI application, called as a server would call it."""

import io
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

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
        """Return the body of a page. Raises RuntimeError unless it is a 200."""
        statuses: list[str] = []
        response = self.application(
            environ(f"{site}.localhost", f"/desk/{number}"),
            lambda status, headers: statuses.append(status),
        )
        try:
            body = b"".join(response)
        finally:
            response.close()
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{statuses}: {body[:500]!r}")
        return body


def environ(host: str, path: str) -> dict[str, object]:
    """Return what a WSGI server makes of a GET."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "HTTP_ACCEPT": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
