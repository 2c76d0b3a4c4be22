"""A wish to stop, noted when it comes and acted on where it is safe."""

import os
import signal
from types import FrameType

WISHES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopWanted(BaseException):
    """Somebody asked this process to end; `number` is the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Signals:
    """Notes the signals; `wakeup` becomes readable when one has come."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self.wakeup, self._write = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(self._write, False)

    def install(self) -> None:
        for number in WISHES:
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake up
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def check(self) -> None:
        """Raise StopWanted if a signal has come."""
        if self.received:
            raise StopWanted(self.received[0])

    @property
    def in_a_hurry(self) -> bool:
        """Whether a second signal asked to stop at once."""
        return len(self.received) > 1

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(number)
