"""Run a plan: servers, preparation, programs, until somebody wishes it to end.

Started in order, stopped in the reverse one, whatever happens in between; one thread,
so that every child's parent is the thread that stays.
"""

import os
import time
from pathlib import Path
from typing import NoReturn

from kernel.embedded import (
    locks,
    places,
    ports,
    prepared,
    process,
    readiness,
    reset,
    services,
)
from kernel.embedded.errors import CannotStart, EmbeddedError, InUse
from kernel.embedded.family import Family
from kernel.embedded.output import Output
from kernel.embedded.plan import Plan, Probe
from kernel.embedded.screen import Screen
from kernel.embedded.server import Server
from kernel.embedded.signals import Signals, StopWanted

READY_WITHIN = 90.0
LOOK_EVERY = 0.25
POLL = 0.1


class Supervisor:
    """One run of a plan; `run` returns the exit code."""

    def __init__(self, plan: Plan, screen: Screen) -> None:
        self.plan = plan
        self.screen = screen
        self.signals = Signals()
        self.output = Output(screen.say, self.signals.wakeup)
        self.lock = locks.Lock(plan.data / "demo.lock")
        self.servers: list[Server] = []
        self.cluster: Path | None = None
        self.note = plan.data / "prepared"
        self.env = dict(os.environ)
        self.family = Family(
            root=plan.root,
            logs=plan.data / "log",
            env=self.env,
            output=self.output,
        )

    def run(self) -> int:
        """Return 0 after a wish to stop, 1 after a failure, which is one message."""
        self.signals.install()
        try:
            self.check()
            self.start()
            self.watch()
        except StopWanted:
            self.screen.say("\nStopping ...")
            return 0
        except EmbeddedError as error:
            self.screen.say(str(error))
            return 1
        finally:
            self.stop()

    def check(self) -> None:
        """Refuse a second run on these data, and a port that is taken."""
        places.make_directory(self.plan.data)
        take(self.lock, port=self.plan.port)
        ports.require_free(self.plan.port)
        self.missing = services.missing()
        if self.plan.anew:
            reset.forget(self.plan.data, say=self.screen.say)

    def start(self) -> None:
        for name, url in services.given().items():
            self.screen.say(f"  {name}: {url}")
        for variable in self.missing:
            self._start_server(variable)
        places.make_directory(self.family.logs)
        with self.screen.step("prepare") as note:
            if self._is_prepared():
                note.append("nothing has changed")
            else:
                self._prepare()
        self._start_programs(last=False)
        for probe in self.plan.probes:
            with self.screen.step(probe.name):
                self._await(probe)
        self._start_programs(last=True)
        self.screen.say(self.plan.farewell)

    def watch(self) -> NoReturn:
        """Look after the children until a signal or a failure ends it."""
        while True:
            self.pause(LOOK_EVERY)
            self._look()

    def stop(self) -> None:
        """End everything that runs, programs before servers."""
        if self.family.children or self.servers:
            self.family.stop(in_a_hurry=lambda: self.signals.in_a_hurry)
            while self.servers:
                self.servers.pop().stop()
            self.screen.say("Everything is stopped; the data stay.")
        self.lock.release()

    def pause(self, seconds: float) -> None:
        """Wait, while the children's output and signals are looked after."""
        self.signals.check()
        self.output.drain(seconds)
        self.screen.tick()
        self.signals.check()

    def _start_server(self, variable: str) -> None:
        server = services.embedded(
            variable, self.plan.data, pause=self.pause, say=self.screen.say
        )
        with self.screen.step(server.name) as note:
            self.env[variable] = server.start()
            self.servers.append(server)
            note.append(server.describe())
        if variable == services.DATABASE:
            self.cluster = server.place

    def _start_programs(self, *, last: bool) -> None:
        for program in self.plan.programs:
            if program.is_last is last:
                self.family.add(program)

    def _prepare(self) -> None:
        child = self.family.run("prepare", self.plan.prepare, show=bool)
        try:
            while child.poll() is None:
                self.pause(POLL)
                self._look()
        finally:
            process.kill_group(child)
            child.wait()
            self.output.flush()
        if child.returncode != 0:
            log = self.family.log("prepare")  # whose lines were all shown
            raise CannotStart(f"The preparation failed; see {log}.")
        if self.cluster is not None:
            prepared.write_note(self.note, self._fingerprint(self.cluster))

    def _is_prepared(self) -> bool:
        """Tell whether this source prepared this cluster; of others nobody knows."""
        if self.cluster is None:
            return False
        return prepared.is_noted(self.note, self._fingerprint(self.cluster))

    def _fingerprint(self, cluster: Path) -> str:
        return prepared.fingerprint(self.plan.root, cluster)

    def _await(self, probe: Probe) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not readiness.answers(probe, self.plan.port):
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"http://{probe.host}:{self.plan.port}{probe.path} does not "
                    f"answer; see {self.family.logs}."
                )
            self._look()
            self.pause(POLL)

    def _look(self) -> None:
        """Mend what may end; a server that ended takes everything with it."""
        for server in self.servers:
            if not server.is_running():
                raise CannotStart(
                    f"{server.name} ended by itself (see {server.log}):\n"
                    f"{places.last_lines(server.log)}"
                )
        self.family.mend(self.screen.say)


def take(lock: locks.Lock, *, port: int) -> None:
    """Take the lock of the demo, or say where the running one answers."""
    try:
        lock.take(note=str(port))
    except InUse as error:
        found = locks.read(lock.path)
        raise InUse(
            f"The demo already runs at http://localhost:{found.note} ({found})."
        ) from error
