"""Root starts PostgreSQL as somebody else, and changes nothing that was there."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kernel.embedded.postgres import PostgresServer
from tests.platform.embedded.running import environment, launcher, rows, server_pid

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has to become somebody else"
)
# In a namespace that may have no other inside, as root with every user mapped.
CONFINED = """
import ctypes, os, sys
ready, done = os.pipe(), os.pipe()
child = os.fork()
if child:
    os.read(ready[0], 1)
    for kind in ("uid", "gid"):
        with open(f"/proc/{child}/{kind}_map", "w") as file:
            file.write("0 0 65536")
    os.write(done[1], b".")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(ready[1], b".")
os.read(done[0], 1)
with open("/proc/sys/user/max_user_namespaces", "w") as file:
    file.write("0")
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def closed():
    """A directory like /root: only its owner may enter."""
    place = Path(tempfile.mkdtemp(prefix="tenantry-tests-"))
    yield place
    shutil.rmtree(place)


def seen(place):
    """Return what must not change: mode, owner, listing."""
    found = place.stat()
    return (found.st_mode, found.st_uid, found.st_gid, sorted(place.iterdir()))


def owner_of(pid):
    return Path(f"/proc/{pid}").stat().st_uid


def test_an_open_place_is_served_by_nobody(data, copied):
    server = PostgresServer(copied(data / "pg18"), test=True)
    server.start()
    try:
        assert owner_of(server_pid(server.data)) == server.data.stat().st_uid != 0
        assert server.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_a_closed_parent_keeps_its_mode_owner_and_listing(closed):
    inner = closed / "project"
    inner.mkdir(mode=0o755)
    before = seen(closed)
    server = PostgresServer(inner / "pg18", test=True)

    url = server.start()
    while_running = seen(closed)
    assert rows(url, "SELECT 1") == [(1,)]
    server.stop()

    assert before == while_running == seen(closed)
    assert (inner / "pg18").stat().st_uid == 0  # files stay root's
    assert server.describe().endswith("in a user namespace")


def test_without_namespaces_a_closed_place_is_served_from_a_copy(closed):
    temporary = Path(tempfile.mkdtemp(prefix="tenantry-tests-"))
    temporary.chmod(0o755)
    before = seen(closed.parent)[:3]
    script = f"""
import sys
from pathlib import Path
from kernel.embedded.postgres import PostgresServer
for _ in range(2):
    server = PostgresServer(Path({str(closed)!r}) / "pg18", test=True)
    server.start()
    print(server.describe())
    server.stop()
"""
    command = [sys.executable, "-c", CONFINED, sys.executable, "-c", script]
    env = environment(closed, TMPDIR=str(temporary))

    answer = subprocess.run(
        command, env=env, capture_output=True, text=True, check=False
    )

    places = sorted(path.name.rpartition("-")[0] for path in temporary.iterdir())
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.count(f"binaries in {temporary}/tenantry-pg-") == 2
    assert places == ["tenantry-data", "tenantry-pg"]
    assert not (closed / "pg18").exists()
    assert seen(closed.parent)[:3] == before
    shutil.rmtree(temporary)


def test_data_of_a_person_are_served_as_that_person(data, copied, start):
    cluster = copied(data / "test-pg18")
    subprocess.run(["chown", "-R", "4321:4321", cluster], check=True)

    run = start(launcher("postgres", "--test"), data)
    url = run.until(r"postgres://\S+")[0]

    assert rows(url, "SELECT one FROM kept") == [(1,)]
    assert owner_of(server_pid(cluster)) == 4321
