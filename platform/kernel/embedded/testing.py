"""Embedded servers for a test run: quick, unsafe at a power cut, never the demo's.

A benchmark whose commits have to be real asks for durable ones, on data of their own.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from kernel.embedded import locks, places, services
from kernel.embedded.errors import EmbeddedError, InUse
from kernel.embedded.server import Server

PREFIX = "test-"
DURABLE_PREFIX = "bench-"


class Servers:
    """The servers that a test run started: in test mode, or durable as the demo's."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.started: list[Server] = []
        self.temporary: list[Server] = []
        self.descriptions: list[str] = []

    def start(self, *, fresh: bool = False) -> None:
        """Start what the environment does not name, and name it there."""
        for variable, url in services.given().items():
            self.descriptions.append(f"{variable}: {url}")
        try:
            for variable in services.missing():
                server = self._start(variable, self._directory(), fresh=fresh)
                os.environ[variable] = server.url
                self.descriptions.append(f"{variable}: {server.describe()}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop them, and remove the data that only this run used."""
        while self.started:
            self.started.pop().stop()
        while self.temporary:
            _remove(self.temporary.pop().data)

    def _directory(self) -> Path:
        """Return where the data lie: in memory, unless they have to last or are named.

        A database is copied ten times as fast there.
        """
        if self.durable or "TENANTRY_DATA_DIR" in os.environ or not places.has_memory():
            return _on_disk()
        return places.memory_dir()

    def _start(self, variable: str, directory: Path, *, fresh: bool) -> Server:
        server = _server(variable, directory, durable=self.durable)
        try:
            if fresh:
                _remove_unused(server.data)
            server.start()
        except InUse:  # by another run, which is no reason to wait for it
            _sweep(server.data)
            server = _server(
                variable, directory, durable=self.durable, suffix=f"-{os.getpid()}"
            )
            self.temporary.append(server)
            server.start()
        self.started.append(server)
        return server


def _server(
    variable: str, directory: Path, *, durable: bool, suffix: str = ""
) -> Server:
    return services.embedded(
        variable,
        directory,
        prefix=DURABLE_PREFIX if durable else PREFIX,
        suffix=suffix,
        test=not durable,
        say=lambda line: print(line, file=sys.stderr),
    )


def _on_disk() -> Path:
    """Return the data directory, or a temporary one beside a read-only project."""
    directory = places.data_dir()
    try:
        places.make_directory(directory)
    except EmbeddedError:
        pass
    else:
        if os.access(directory, os.W_OK):
            return directory
    return Path(tempfile.gettempdir()) / f"tenantry-tests-{os.geteuid()}"


def _remove_unused(data: Path) -> None:
    lock = locks.Lock(places.beside(data, ".lock"))
    places.make_directory(data.parent)
    lock.take()
    shutil.rmtree(data, ignore_errors=True)
    lock.release()


def _sweep(data: Path) -> None:
    """Remove what killed runs left of their own data."""
    for lock in data.parent.glob(f"{data.name}-*.lock"):
        if locks.holder(lock) is None:
            _remove(lock.with_suffix(""))


def _remove(data: Path) -> None:
    for path in data.parent.glob(f"{data.name}*"):
        if path == data or path.name.startswith(f"{data.name}."):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
