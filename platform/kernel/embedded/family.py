"""The children that stay: started, restarted a few times, stopped in order."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals

from kernel.embedded import places, process
from kernel.embedded.errors import CannotStart
from kernel.embedded.output import Output, is_loud
from kernel.embedded.plan import Program

MOST_RESTARTS = 3
WITHIN = 60.0
FIRST_DELAY = 0.5


@dataclass
class Child:
    """One program and its present process."""

    program: Program
    process: subprocess.Popen[bytes]
    died_at: list[float] = field(default_factory=list)
    again_at: float | None = None


class Family:
    """The programs of a plan, in the order in which they start."""

    def __init__(
        self, *, root: Path, logs: Path, env: Mapping[str, str], output: Output
    ) -> None:
        self.root = root
        self.logs = logs
        self.env = env
        self.output = output
        self.children: list[Child] = []

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        death: Signals = SIGKILL,
        show: Callable[[str], bool] = is_loud,
    ) -> subprocess.Popen[bytes]:
        """Start a command whose output goes to NAME.log."""
        started = process.spawn(
            command,
            death=death,
            output=subprocess.PIPE,
            env=self.env,
            cwd=self.root,
        )
        self.output.follow(started, name, self.log(name), show=show)
        return started

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def add(self, program: Program) -> None:
        self.children.append(Child(program, self._start(program)))

    def mend(self, say: Callable[[str], object]) -> None:
        """Start again what has ended, later each time.

        Raises CannotStart with the end of the log for one that ends too often.
        """
        for child in self.children:
            if child.again_at is None:
                self._notice_end(child, say)
            elif time.monotonic() >= child.again_at:
                child.again_at = None
                child.process = self._start(child.program)

    def stop(self, *, in_a_hurry: Callable[[], bool]) -> None:
        """End the last started first; a second wish ends the rest at once."""
        while self.children:
            child = self.children.pop()
            if not in_a_hurry() and child.process.poll() is None:
                child.process.terminate()
                self._await_end(child, in_a_hurry)
            process.kill_group(child.process)  # whatever it may have left
            child.process.wait()
        self.output.flush()

    def _start(self, program: Program) -> subprocess.Popen[bytes]:
        return self.run(program.name, program.command, death=program.death)

    def _notice_end(self, child: Child, say: Callable[[str], object]) -> None:
        code = child.process.poll()
        if code is None:
            return
        name = child.program.name
        process.kill_group(child.process)
        self.output.flush()
        now = time.monotonic()
        child.died_at = [at for at in child.died_at if now - at < WITHIN] + [now]
        if len(child.died_at) > MOST_RESTARTS:
            log = self.log(name)
            raise CannotStart(
                f"{name} ended {len(child.died_at)} times within a minute, last with "
                f"code {code} (see {log}):\n{places.last_lines(log)}"
            )
        delay = FIRST_DELAY * 2 ** (len(child.died_at) - 1)
        child.again_at = now + delay
        say(f"    {name} ended with code {code}; starts again in {delay:g} s.")

    def _await_end(self, child: Child, in_a_hurry: Callable[[], bool]) -> None:
        deadline = time.monotonic() + child.program.patience
        while child.process.poll() is None:
            if in_a_hurry() or time.monotonic() > deadline:
                return
            self.output.drain(0.05)
