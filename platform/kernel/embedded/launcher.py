"""Run one server in the foreground until it, or the wish to stop, ends it."""

import time
from pathlib import Path

from kernel.embedded import services
from kernel.embedded.errors import EmbeddedError
from kernel.embedded.signals import Signals, StopWanted


def run(variable: str, directory: Path, *, test: bool) -> int:
    """Return 128 + the signal that ended it, 1 if the server did not run or stay."""
    signals = Signals()
    signals.install()

    def pause(seconds: float) -> None:
        signals.check()
        time.sleep(seconds)
        signals.check()

    prefix = "test-" if test else ""
    try:
        server = services.embedded(
            variable, directory, prefix=prefix, test=test, pause=pause
        )
        print(server.start(), flush=True)
    except EmbeddedError as error:
        print(error, flush=True)
        return 1
    except StopWanted as wish:
        return 128 + wish.number
    try:
        while server.is_running():
            pause(0.1)
    except StopWanted as wish:
        return 128 + wish.number
    finally:
        server.stop()
    print(f"{server.name} ended by itself; see {server.log}", flush=True)
    return 1
