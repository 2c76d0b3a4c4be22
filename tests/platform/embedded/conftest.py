import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from kernel.embedded import places
from kernel.embedded.postgres import PostgresServer
from tests.platform.embedded import running

#: Where clusters are copied to: memory, or the system's temporary directory.
PLACE = places.MEMORY if places.has_memory() else None


def new_place() -> Path:
    place = Path(tempfile.mkdtemp(prefix="tenantry-tests-", dir=PLACE))
    place.chmod(0o755)
    return place


@pytest.fixture(scope="session")
def made_once():
    """A cluster with a table of one row, to be copied, since initdb takes its time."""
    place = new_place()
    server = PostgresServer(place / "pg18", test=True)
    running.rows(server.start(), "CREATE TABLE kept AS SELECT 1 AS one")
    server.stop()
    yield place / "pg18"
    shutil.rmtree(place)


@pytest.fixture
def data():
    """An empty data directory that every user may reach, unlike tmp_path."""
    place = new_place()
    yield place / "data"
    running.gone_within(place)
    assert running.eventually(lambda: running.removed(place), 10)


@pytest.fixture
def copied(made_once):
    """A function that puts the made cluster at a place."""

    def copy(target):
        target.parent.mkdir(exist_ok=True)
        target.parent.chmod(0o755)
        subprocess.run(["cp", "-a", made_once, target], check=True)
        return target

    return copy


@pytest.fixture
def start(tmp_path):
    """A function that starts a process; the test's end ends it."""
    runs = []

    def begin(command, data, **env):
        out = tmp_path / f"run{len(runs)}.txt"
        runs.append(running.Run(command, data, out=out, **env))
        return runs[-1]

    yield begin
    for run in reversed(runs):
        running.end(run)
