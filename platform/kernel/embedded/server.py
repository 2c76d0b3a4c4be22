"""What both servers share: one owner, a log, an address, an orderly end."""

import contextlib
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from kernel.embedded import addresses, places
from kernel.embedded.errors import CannotStart
from kernel.embedded.locks import Lock

POLL = 0.03
READY_WITHIN = 15.0
RETRY_WITHIN = 6.0


class Server(ABC):
    """A server on one data directory, owned by this process while it is started.

    `pause` is called instead of sleeping, so that a supervisor can look after its
    other children; whatever it raises ends the start in an orderly way.
    """

    name: str

    def __init__(
        self,
        data: Path,
        *,
        test: bool = False,
        pause: Callable[[float], object] = time.sleep,
        say: Callable[[str], object] = print,
    ) -> None:
        self.data = data
        self.test = test
        self.pause = pause
        self.say = say
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = Lock(places.beside(data, ".lock"))
        self.log = places.beside(data, ".log")
        self.sockets: Path | None = None

    def start(self) -> str:
        """Start, wait until a client is served, and return the URL.

        Raises InUse when another process owns the data, and CannotStart with the
        last lines of the log when the server does not come up.
        """
        places.make_directory(self.data.parent)
        self.lock.take()
        try:
            self._launch()
            addresses.publish(self.data, self.url)
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """End the server without loss, and give the data free."""
        if not self.lock.is_held:
            return
        self._end_if_running()
        self.process = None
        addresses.withdraw(self.data)
        if self.sockets is not None:
            with contextlib.suppress(OSError):
                self.sockets.rmdir()
            self.sockets = None
        self.lock.release()

    @property
    def place(self) -> Path:
        """Where the data really lie, which may not be where they were asked for."""
        return self.data

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @abstractmethod
    def describe(self) -> str:
        """Return what runs and where, for the start line."""

    @abstractmethod
    def _launch(self) -> None: ...

    @abstractmethod
    def _spawn(self) -> None: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def _end(self, child: subprocess.Popen[bytes]) -> None: ...

    def _spawn_until_it_answers(self) -> None:
        """Start the program, again if it ends at once, until it serves a client.

        It may meet the lock file of a killed server that nobody has reaped yet.
        """
        begun = time.monotonic()
        self._spawn()
        while not self._answers():
            waited = time.monotonic() - begun
            if waited > READY_WITHIN:
                self._end_if_running()
                raise self._failure(f"did not answer within {READY_WITHIN:.0f} s")
            if not self.is_running():
                if waited > RETRY_WITHIN:
                    raise self._failure("did not stay up")
                self.pause(0.5)
                self._spawn()
            self.pause(POLL)

    def _end_if_running(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self._end(self.process)

    def _failure(self, what: str) -> CannotStart:
        return CannotStart(
            f"{self.name} {what} (see {self.log}):\n{places.last_lines(self.log)}"
        )
