"""Start launchers and supervisors as processes of their own, and look after them."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STRIPPED = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO", "PYTEST", "TENANTRY", "PORT")


def environment(data, **more):
    """Return this environment as a person's shell has it, with its own data."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(STRIPPED)}
    own = {
        "TENANTRY_DATA_DIR": str(data),
        "TMPDIR": str(Path(data).parent),  # for the sockets, removed with the data
        "PYTHONUNBUFFERED": "1",
    }
    return kept | own | more


class Run:
    """A process whose printed lines are collected in a file."""

    def __init__(self, command, data, *, out, **env):
        self.data = Path(data)
        self.out = out
        with out.open("wb") as file:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env=environment(data, **env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                process_group=0,
            )

    @property
    def text(self):
        return self.out.read_text()

    def until(self, pattern, seconds=20):
        """Wait for a line, and return its match."""
        found = eventually(lambda: re.search(pattern, self.text), seconds, self.ended)
        assert found, f"{pattern!r} did not come:\n{self.text}"
        return found

    def ended(self):
        return self.process.poll() is not None

    def kill(self, number):
        self.process.send_signal(number)
        return self

    def code(self, seconds=20):
        return self.process.wait(seconds)


def eventually(answer, seconds, give_up=lambda: False):
    """Ask until the answer is true, and return it; the last one when time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if given_up := give_up():  # asked before, so that nothing is missed
            return answer() or not given_up
        if found := answer():
            return found
        time.sleep(0.05)
    return answer()


def living_in(data):
    """Return the command lines of the processes that run on these data."""
    place = str(Path(data).resolve())
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = str((entry / "cwd").readlink())
            if line and (f"{place}/" in line or f"{where}/".startswith(f"{place}/")):
                found.append(f"{entry.name} {line}")
    return found


def removed(place):
    """Remove a directory; False where somebody who is just ending removes files too."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(place)
    return not place.exists()


def gone_within(data, seconds=5):
    """Tell whether nothing runs on these data any more."""
    eventually(lambda: not living_in(data), seconds)
    left = living_in(data)
    assert not left, left  # said, since this is no test module that pytest rewrites
    return True


def server_pid(cluster):
    return int((cluster / "postmaster.pid").read_text().splitlines()[0])


def rows(url, statement):
    """Run a statement as the login `tenantry`, and return its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launcher(name, *options):
    return [sys.executable, "-m", "kernel.embedded", name, *options]


def end(run):
    """End a process that a test left, its children by its own care."""
    if not run.ended():
        run.kill(signal.SIGTERM)
        try:
            run.code(15)
        except subprocess.TimeoutExpired:
            run.kill(signal.SIGKILL)
            run.code()
