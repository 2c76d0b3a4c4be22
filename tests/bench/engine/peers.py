"""The engines that are compared, and that they do the same."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from tests.bench import environments
from tests.bench.environments import ALIKE
from tests.bench.peers import HERE, Peer, Worker

GOFLOW2: Final = (*ALIKE, "django-goflow2==1.2")
VIEWFLOW: Final = (*ALIKE, "django-viewflow==2.4.0")
#: One tenant is enough here.
SITES: Final = ("acme",)
#: An instance of three human activities.
THREE: Final = ("three",)
FEW: Final = 2


def ours() -> Peer:
    return Peer("ours", "engine", HERE)


def floor() -> Peer:
    return Peer("the floor", "floor", HERE)


def goflow2(python: Path | None = None) -> Peer:
    """Return django-goflow2, its environment made if need be."""
    python = python or environments.python_with("goflow2", *GOFLOW2)
    return Peer("django-goflow2", "goflow2", python)


def viewflow(python: Path | None = None) -> Peer:
    """Return django-viewflow, its environment made if need be."""
    python = python or environments.python_with("viewflow", *VIEWFLOW)
    return Peer("django-viewflow", "viewflow2", python)


def agree(workers: Collection[Worker]) -> None:
    """Raise RuntimeError unless each one brings a few instances to their end."""
    for worker in workers:
        before = worker.ask("finished")
        worker.ask("block", THREE, FEW)
        done = worker.ask("finished") - before
        if done != FEW:
            raise RuntimeError(f"{worker.peer.name} finished {done} of {FEW}.")
