"""Killed at any moment, PostgreSQL leaves no process and loses no committed row."""

import os
import signal
import subprocess
import sys

import pytest

from kernel.embedded import left
from tests.platform.embedded.running import (
    eventually,
    gone_within,
    launcher,
    living_in,
    rows,
    server_pid,
)

POSTGRES = launcher("postgres", "--test")
DURABLE = launcher("postgres")
URL = r"postgres://\S+"


def test_a_killed_launcher_leaves_a_clean_cluster_and_no_server(data, copied, start):
    cluster = copied(data / "test-pg18")
    run = start(POSTGRES, data)
    run.until(URL)
    assert living_in(cluster)

    run.kill(signal.SIGKILL).code()

    assert gone_within(data, 5)
    assert not (cluster / "postmaster.pid").exists()
    assert "database system is shut down" in (data / "test-pg18.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_server_cleanly(data, copied, start, number):
    cluster = copied(data / "test-pg18")
    run = start(POSTGRES, data)
    run.until(URL)

    assert run.kill(number).code() == 128 + number

    assert living_in(data) == []
    assert not (cluster / "postmaster.pid").exists()
    assert not (data / "test-pg18.addr").exists()


def test_a_killed_server_is_recovered_with_every_committed_row(data, copied, start):
    cluster = copied(data / "pg18")
    first = start(DURABLE, data)
    url = first.until(URL)[0]
    rows(url, "INSERT INTO kept VALUES (2)")

    os.kill(server_pid(cluster), signal.SIGKILL)
    assert first.code() == 1
    second = start(DURABLE, data)

    assert rows(second.until(URL)[0], "SELECT one FROM kept ORDER BY 1") == [(1,), (2,)]
    assert "automatic recovery" in (data / "pg18.log").read_text()


def test_a_killed_initdb_leaves_only_its_own_directory(data, start):
    run = start(POSTGRES, data)
    assert eventually((data / "test-pg18.init" / "PG_VERSION").exists, 10)

    run.kill(signal.SIGKILL).code()

    assert gone_within(data, 30)
    assert not (data / "test-pg18").exists()
    again = start(POSTGRES, data)
    assert rows(again.until(URL)[0], "SELECT 1") == [(1,)]
    assert not (data / "test-pg18.init").exists()


def test_what_a_killed_initdb_has_started_ends_with_it(data, start):
    """Also what would never notice that nobody speaks to it any more."""
    run = start(POSTGRES, data)
    [started] = eventually(lambda: making(data), 30)
    os.kill(started, signal.SIGSTOP)

    run.kill(signal.SIGKILL).code()

    assert gone_within(data, 5)


def making(data):
    """Return the servers without clients by which initdb fills a cluster."""
    return [int(line.split()[0]) for line in living_in(data) if " --single " in line]


def test_a_pid_file_of_a_foreign_process_is_not_believed(data, copied, start):
    cluster = copied(data / "test-pg18")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        write_pid_file(cluster, stranger.pid)
        url = start(POSTGRES, data).until(URL)[0]

        assert rows(url, "SELECT one FROM kept") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


def test_a_dead_server_that_nobody_reaped_is_no_obstacle(data, copied):
    cluster = copied(data / "test-pg18")
    with subprocess.Popen([sys.executable, "-c", ""]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        write_pid_file(cluster, zombie.pid)

        left.clear(cluster, say=print)

    assert not (cluster / "postmaster.pid").exists()


def test_a_pid_file_of_another_directory_is_not_touched(data, copied, start):
    cluster = copied(data / "test-pg18")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        write_pid_file(cluster, stranger.pid, directory="/elsewhere")
        run = start(POSTGRES, data)

        assert run.code() == 1
        stranger.kill()
    assert "belongs to a server in /elsewhere" in run.text
    assert (cluster / "postmaster.pid").exists()


def write_pid_file(cluster, pid, directory=None):
    lines = [pid, directory or cluster, 1, 5432, "/tmp/nowhere", "", "", "ready"]
    path = cluster / "postmaster.pid"
    path.write_text("".join(f"{line}\n" for line in lines))
    owner = cluster.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(0o600)
