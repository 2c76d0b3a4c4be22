"""The servers of a test run: there before the settings, gone after the run."""

import signal
import sys

import pytest

from tests.platform.embedded.running import (
    eventually,
    gone_within,
    living_in,
    rows,
)

TEST = """
import os, pathlib, time
import psycopg

def test_database():
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS runs (n serial)")
        connection.execute("INSERT INTO runs DEFAULT VALUES")
        count = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    print(f"runs: {count} at {os.environ['DATABASE_URL']}")
    assert os.environ["CELERY_BROKER_URL"].startswith("redis+socket://")
    while pathlib.Path("wait").exists():
        time.sleep(0.02)

def test_other():
    assert os.environ["DATABASE_URL"]
"""
FOUND = r"runs: (\d+) at (\S+)"


@pytest.fixture
def pytest_run(data, start, tmp_path):
    """A function that runs pytest on a project of its own."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\n")
    (project / "test_it.py").write_text(TEST)

    def begin(*options, **env):
        command = [
            *(sys.executable, "-m", "pytest", "-c", project / "pytest.ini"),
            *("-p", "kernel.embedded.pytest_plugin", "-p", "no:cacheprovider", "-s"),
            *(project, *options),
        ]
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # of others: it takes half the time
        return start(["/usr/bin/env", "-C", project, *command], data, **env)

    begin.project = project
    return begin


def test_a_run_has_servers_of_its_own_and_leaves_none(pytest_run, data):
    run = pytest_run()

    assert run.code() == 0, run.text
    assert "DATABASE_URL: PostgreSQL 18 in" in run.text
    assert living_in(data) == []
    assert not (data / "pg18").exists()  # the demo's data are not touched


def test_what_was_compiled_is_kept_whatever_the_environment_says(pytest_run):
    run = pytest_run("-k", "other", PYTHONDONTWRITEBYTECODE="1")

    assert run.code() == 0, run.text
    assert list(pytest_run.project.glob("__pycache__/test_it*.pyc"))


def test_the_cluster_is_kept_unless_a_fresh_one_is_asked_for(pytest_run):
    counts = []
    for options in ((), (), ("--fresh-db",)):
        run = pytest_run(*options)
        counts.append(run.until(FOUND)[1])
        assert run.code() == 0

    assert counts == ["1", "2", "1"]


def test_parallel_workers_share_the_servers_of_the_controller(pytest_run, data):
    run = pytest_run("-p", "xdist", "-n", "2")

    assert run.code() == 0, run.text
    assert "2 passed" in run.text
    assert (data / "test-pg18.log").read_text().count("ready to accept") == 1


@pytest.mark.parametrize("option", ["--help", "--version", "--collect-only"])
def test_a_run_without_tests_starts_nothing(pytest_run, data, option):
    run = pytest_run(option)

    assert run.code() == 0, run.text
    assert not data.exists()


def test_named_servers_win(pytest_run, data):
    url = "postgres://t:secret@db.test/x"
    broker = "redis+socket:///tmp/nowhere"
    run = pytest_run("-k", "other", "-v", DATABASE_URL=url, CELERY_BROKER_URL=broker)

    assert run.code() == 0, run.text
    assert "DATABASE_URL: postgres://t:***@db.test/x" in run.text
    assert not data.exists()


def test_an_interrupted_and_a_killed_run_leave_no_server(pytest_run, data):
    (pytest_run.project / "wait").touch()
    interrupted = pytest_run()
    interrupted.until(FOUND)
    assert interrupted.kill(signal.SIGINT).code() == 2
    assert living_in(data) == []

    killed = pytest_run()
    killed.until(FOUND)
    killed.kill(signal.SIGKILL).code()
    assert gone_within(data, 5)


def test_a_second_run_at_once_takes_data_of_its_own_and_removes_them(pytest_run, data):
    wait = pytest_run.project / "wait"
    wait.touch()
    first = pytest_run()
    first_url = first.until(FOUND)[2]

    second = pytest_run()
    second_url = second.until(FOUND)[2]
    assert second_url != first_url
    assert rows(second_url, "SELECT count(*) FROM runs") == [(1,)]
    wait.unlink()

    assert (first.code(), second.code()) == (0, 0)
    assert eventually(lambda: not list(data.glob("test-pg18-*")), 5)
    assert (data / "test-pg18").exists()
