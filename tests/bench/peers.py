"""What is compared, and the processes that stand for it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).with_name("project")
ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(sys.executable)
SITES: Final = ("acme", "globex")


@dataclass(frozen=True)
class Peer:
    """One of them: what it is called, its project, and its Python."""

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
        self.begin(what, *values)
        return self.answer()

    def begin(self, what: str, *values: Any) -> None:
        """Ask without waiting for the answer, which `answer` returns."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps([what, *values]) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer.name} ended; see above.")
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


def make(peer: Peer, database: dict[str, str], *, sites: Sequence[str] = SITES) -> None:
    """Make the peer's tables, tenants and rows."""
    process = start(peer, "make", *sites, database=database)
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
        env=surroundings(peer, database),
    )


def surroundings(peer: Peer, database: dict[str, str]) -> dict[str, str]:
    """Return the same environment for all, but for the database and our own sources."""
    kept = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
    alike = {name: os.environ[name] for name in kept if name in os.environ}
    if peer.python == HERE:
        # This checkout, wherever the environment was made that it runs in.
        alike["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'platform'}"
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
