"""Another process that resolves hosts: one on a line of its input, JSON on its output.

    python -m tests.tenants.resolver [fork]

With `fork` it looks acme up and forks; the child answers until its input ends, and the
parent says after that whether it still hears.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.tenants.worker import ROOT, surroundings

#: Below the 30 seconds after which anything remembered is asked for again.
PATIENCE_SECONDS = 20.0


class Resolver:
    """The process, asked from a test."""

    def __init__(self, *words: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tenants.resolver", *words],
            cwd=ROOT,
            env={**os.environ, **surroundings(), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, host: str) -> Any:
        """Return what the process says of a host, how, and how often it looked."""
        self.process.stdin.write(f"{host}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ask_until(self, host: str, **wanted: Any) -> Any:
        """Ask until the answer is so; the bound is far."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.ask(host)
            if wanted.items() <= answer.items():
                return answer
            assert time.monotonic() < give_up, answer
            time.sleep(0.01)

    def farewell(self) -> Any:
        """End its input, and return its last line."""
        self.process.stdin.close()
        return json.loads(self.process.stdout.readline())


@contextmanager
def running(*words: str, **environment: str) -> Iterator[Resolver]:
    resolver = Resolver(*words, **environment)
    try:
        yield resolver
    finally:
        resolver.process.stdin.close()
        try:
            assert resolver.process.wait(PATIENCE_SECONDS) == 0
        finally:
            resolver.process.kill()
            resolver.process.wait()
            resolver.process.stdout.close()


def main(*words: str) -> None:
    import django

    django.setup()
    if "fork" not in words:
        answer_lines()
        return
    wait_until(lambda: is_remembered("acme.localhost"))
    child = os.fork()
    if child == 0:
        answer_lines()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    say({"child": status, "parent_hears": hears_a_change()})


def say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def answer_lines() -> None:
    for line in sys.stdin:
        say(described(line.strip()))


def described(host: str) -> dict[str, Any]:
    from tenants import directory, listener, lookup

    if not hasattr(lookup, "looks"):
        count_looks(lookup)
    was_connected = listener.connected()
    found = directory.find(host)
    return {
        "slug": found and found.tenant.slug,
        "state": found and found.tenant.state,
        "redirect": found and found.redirect,
        "looks": lookup.looks,
        "connected": was_connected,
    }


def count_looks(lookup: Any) -> None:
    real = lookup.by_host
    lookup.looks = 0

    def counted(host: str) -> Any:
        lookup.looks += 1
        return real(host)

    lookup.by_host = counted


def wait_until(look: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def is_remembered(host: str) -> bool:
    from tenants import directory, listener

    directory.find(host)
    known = directory._directory.peek(host)
    return listener.connected() and known is not directory.UNKNOWN


def hears_a_change() -> bool:
    """Make a change of which this process learns from the database alone."""
    from tenants import directory
    from tenants.context import use_control
    from tenants.models import Tenant

    wait_until(lambda: is_remembered("acme.localhost"))
    with use_control():
        Tenant.objects.filter(slug="acme").update(name="Another")
    wait_until(lambda: directory._directory.peek("acme.localhost") is directory.UNKNOWN)
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])
