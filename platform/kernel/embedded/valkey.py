"""The embedded Valkey: broker, cache and rate limits on a socket of this user."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from kernel.embedded import addresses, binaries, orphans, places, process
from kernel.embedded.errors import CannotStart
from kernel.embedded.orphans import Left
from kernel.embedded.server import Server

OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "stop-writes-on-bgsave-error": "no",  # losing the queue is allowed, stopping is not
}
KILLED_WITHIN = 2.0


class ValkeyServer(Server):
    """Valkey on one data directory; `url` is set once it is started."""

    name = "valkey"
    stop_within = 10.0

    def describe(self) -> str:
        return f"Valkey in {self.data}"

    def _launch(self) -> None:
        self.binary = binaries.valkey()
        self.sockets = places.socket_directory(
            self.data, uid=os.geteuid(), gid=os.getegid()
        )
        self.socket = self.sockets / "valkey.sock"
        places.make_directory(self.data)
        self._end_orphan()
        try:
            self._spawn_until_it_answers()
        except CannotStart:
            dump = self.data / "dump.rdb"
            if not dump.exists():
                raise
            # What must not be lost is in PostgreSQL, and is sent again.
            self.say(f"Valkey does not start from {dump}, which is put aside.")
            dump.replace(self.data / "dump.rdb.refused")
            self._spawn_until_it_answers()
        self.url = addresses.broker_url(self.socket)

    def _spawn(self) -> None:
        options = OPTIONS | {
            "unixsocket": str(self.socket),
            "dir": str(self.data),
            "pidfile": str(self._pid_file),
            "save": "" if self.test else "60 1",
        }
        with places.open_log(self.log) as output:
            self.process = process.spawn(
                [
                    str(self.binary),
                    *(word for k, v in options.items() for word in (f"--{k}", v)),
                ],
                death=signal.SIGTERM,  # it saves, and ends
                output=output,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                cwd=self.data,
            )

    def _answers(self) -> bool:
        return addresses.pongs(self.socket)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.send_signal(signal.SIGTERM)
        if not process.ended_within(child, self.stop_within):
            self.say(f"Valkey still runs after {self.stop_within:.0f} s: SIGKILL.")
            child.kill()
            child.wait()

    @property
    def _pid_file(self) -> Path:
        return self.data / "valkey.pid"

    def _end_orphan(self) -> None:
        """Wait for a server that lost its owner and may still be saving."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        deadline = time.monotonic() + self.stop_within
        wish = signal.SIGTERM
        while self._look(pid) is Left.OURS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, wish)
            if time.monotonic() > deadline:
                wish = signal.SIGKILL
            if time.monotonic() > deadline + KILLED_WITHIN:
                raise CannotStart(f"A Valkey of {self.data} does not end (pid {pid}).")
            time.sleep(0.1)

    def _look(self, pid: int) -> Left:
        return orphans.look(pid, program="valkey-server", directory=self.data)
