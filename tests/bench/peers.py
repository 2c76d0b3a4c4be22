"""The three that are compared, and the processes that stand for them."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).with_name("project")
SITES: Final = ("acme", "globex")


@dataclass(frozen=True)
class Peer:
    """One of the three: what it is called, its project, and its Python."""

    name: str
    project: str
    python: Path


class Worker:
    """A running process of one peer."""

    def __init__(self, peer: Peer, database: dict[str, str]) -> None:
        self.peer = peer
        self.process = start(peer, "serve", database=database)

    def ask(self, what: str, *values: Any) -> Any:
        """Return the answer to one line. Raises RuntimeError where the peer died."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([what, *values]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer.name} ended at {what}; see above.")
        return json.loads(line)

    def stop(self) -> None:
        self.process.communicate()


@contextmanager
def working(peer: Peer, database: dict[str, str]) -> Iterator[Worker]:
    """Run a worker of the peer on a database inside the block."""
    worker = Worker(peer, database)
    try:
        yield worker
    finally:
        worker.stop()


def make(peer: Peer, database: dict[str, str]) -> None:
    """Make the peer's tables, tenants and rows."""
    process = start(peer, "make", *SITES, database=database)
    process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{peer.name} could not be made; see above.")


def start(peer: Peer, *words: str, database: dict[str, str]) -> "subprocess.Popen[str]":
    program = [str(peer.python), str(PROJECT / "worker.py"), peer.project, *words]
    return subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=surroundings(database),
    )


def surroundings(database: dict[str, str]) -> dict[str, str]:
    """Return the same environment for all three, the database apart."""
    kept = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
    alike = {name: os.environ[name] for name in kept if name in os.environ}
    return {**alike, "BENCH_DATABASE": json.dumps(database)}


def expected(peer: Peer, site: str) -> str:
    """Return which site's rows the peer must show; plain Django has one site."""
    return SITES[0] if peer.project == "plain" else site


def check(worker: Worker, numbers: Sequence[int] = (1, 50, 100)) -> list[Any]:
    """Return the answers less the names of teams, which are checked here.

    Raises RuntimeError where a site is shown rows of another.
    """
    shown = []
    for site in SITES:
        for answer in worker.ask("answers", [site], list(numbers)):
            names = [answer.pop("team"), *answer.pop("teams")]
            whose = expected(worker.peer, site)
            if not all(name.startswith(f"{whose} ") for name in names):
                raise RuntimeError(f"{worker.peer.name} shows {names} to {site}.")
            shown.append(answer)
    return shown


def agree(workers: Iterable[Worker]) -> None:
    """Raise RuntimeError unless all of them show the same rows."""
    (first, shown), *others = [(worker, check(worker)) for worker in workers]
    for worker, answers in others:
        if answers != shown:
            raise RuntimeError(f"{worker.peer.name} and {first.peer.name} differ.")
