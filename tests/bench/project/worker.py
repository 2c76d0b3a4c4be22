"""One long-lived process of one peer: asked by lines on its input, it answers by lines.

["answers", ["acme"], [1, 2]]      the decoded bodies, of each site for each number
["block", ["acme", "globex"], 24]  the nanoseconds of each request, the sites in turn
["settle"]                         put what lives on out of the collector's way

Run as `worker.py PEER make SITE...` or `worker.py PEER serve`, in the peer's Python.
"""

import gc
import io
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

PEOPLE = 100


def main(peer: str, what: str, *sites: str) -> None:
    # What is printed by others must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["DJANGO_SETTINGS_MODULE"] = f"{peer}.settings"
    from django.core.wsgi import get_wsgi_application

    site = Site(get_wsgi_application())
    if what == "make":
        import_module(f"{peer}.making").make(sites)
        return
    for line in sys.stdin:
        name, *values = json.loads(line)
        print(json.dumps(getattr(site, name)(*values)), file=answers, flush=True)


class Site:
    """The peer's WSGI application, called as a server would call it."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application = application
        self.numbers = itertools.cycle(range(1, PEOPLE + 1))

    def answers(self, sites: Sequence[str], numbers: Sequence[int]) -> list[Any]:
        return [
            json.loads(self.get(site, number)) for site in sites for number in numbers
        ]

    def block(self, sites: Sequence[str], count: int) -> list[int]:
        gc.collect()
        return list(self.timed(itertools.cycle(sites), count))

    def settle(self) -> None:
        gc.collect()
        gc.freeze()

    def timed(self, sites: Iterator[str], count: int) -> Iterator[int]:
        for _ in range(count):
            site, number = next(sites), next(self.numbers)
            begun = time.perf_counter_ns()
            self.get(site, number)
            yield time.perf_counter_ns() - begun

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


if __name__ == "__main__":
    main(*sys.argv[1:])
