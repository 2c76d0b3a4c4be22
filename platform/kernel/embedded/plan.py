"""What a supervisor runs, as data."""

import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A child that stays; `patience` is how long it may take to end by itself."""

    name: str
    command: tuple[str, ...]
    patience: float
    # What the kernel sends when the supervisor is killed: it must end all of it.
    death: signal.Signals = signal.SIGKILL
    # Starts when the probes are answered, so that it slows none of them down.
    is_last: bool = False


@dataclass(frozen=True)
class Probe:
    """A page that answers 200 once `name` works."""

    name: str
    path: str
    host: str


@dataclass(frozen=True)
class Plan:
    """The whole run: servers come from services, and are not named here.

    `anew` forgets the data of earlier runs first.
    """

    root: Path
    data: Path
    port: int
    prepare: tuple[str, ...]
    programs: tuple[Program, ...]
    probes: tuple[Probe, ...]
    farewell: str
    anew: bool = False
