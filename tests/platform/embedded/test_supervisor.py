"""The supervisor behind `make demo`, with the real servers and small programs."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.platform.embedded.running import (
    HERE,
    eventually,
    free_port,
    gone_within,
    living_in,
    rows,
    server_pid,
)

ORDER = ["beat", "worker", "web"]


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def demo(data, copied, start, port):
    """A function that starts the small demo on a cluster that is there already."""
    copied(data / "pg18")

    def begin(*habits, **env):
        command = [sys.executable, HERE / "small_demo.py", port, *habits]
        return start(command, data, **env)

    return begin


def ended(data):
    path = data / "ends.txt"
    return path.read_text().split() if path.exists() else []


def all_stand(data):
    """Wait until the programs can be asked to end: they are no part of being ready."""
    path = data / "stands.txt"
    assert eventually(
        lambda: path.exists() and {"beat", "worker"} <= set(path.read_text().split()),
        20,
    )


def test_the_page_answers_when_the_last_line_is_shown(demo, data, port):
    run = demo("worker=loud")
    run.until("ready")

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.status == 200
    assert "worker | WARNING: worker has something to say" in run.text
    assert "prepare | made" in run.text
    assert f"PostgreSQL 18 in {data}/pg18" in run.text
    assert (data / "log" / "worker.log").read_text().startswith("WARNING")
    assert not (data / "log" / "prepare.log").read_text().startswith("WARNING")


def beats(data):
    return {line for line in living_in(data) if " beat " in line}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_wish_to_stop_ends_everything_in_order(demo, data, number):
    run = demo()
    run.until("ready")
    all_stand(data)

    os.killpg(run.process.pid, number)  # as a terminal does

    assert run.code() == 0
    assert ended(data) == ORDER
    assert living_in(data) == []
    assert "database system is shut down" in (data / "pg18.log").read_text()


def test_a_wish_to_stop_during_the_start_is_granted(demo, data):
    run = demo()
    run.until("postgres")

    assert run.kill(signal.SIGINT).code() == 0
    assert living_in(data) == []


def test_a_second_wish_ends_at_once_but_the_database_cleanly(demo, data):
    run = demo("beat=deaf", "worker=deaf")
    run.until("ready")
    begun = time.monotonic()

    run.kill(signal.SIGINT)
    run.until("Stopping")
    run.kill(signal.SIGINT)

    assert run.code() == 0
    assert time.monotonic() - begun < 4
    assert not (data / "pg18" / "postmaster.pid").exists()


def test_a_killed_supervisor_leaves_no_process_and_loses_no_row(demo, data):
    first = demo("worker=deaf")
    first.until("ready")
    url = (data / "pg18.addr").read_text().strip()
    rows(url, "INSERT INTO kept VALUES (2)")

    first.kill(signal.SIGKILL).code()

    assert gone_within(data, 5)
    demo().until("ready")
    assert rows(url, "SELECT one FROM kept ORDER BY 1") == [(1,), (2,)]


def test_what_a_program_started_ends_with_it(demo, data):
    run = demo("worker=parent")
    run.until("ready")
    # It says that it is ready before what it started has its own name.
    sleeps = lambda: any("time.sleep" in line for line in living_in(data))  # noqa: E731
    assert eventually(sleeps, 10)

    run.kill(signal.SIGTERM)

    assert run.code() == 0
    assert living_in(data) == []


def test_a_program_that_ends_is_started_again(demo, data):
    run = demo()
    run.until("ready")
    (beat,) = beats(data)

    os.kill(int(beat.split()[0]), signal.SIGKILL)

    run.until("beat ended with code -9; starts again in 0.5 s")
    assert eventually(lambda: beats(data) - {beat}, 5)
    assert run.kill(signal.SIGTERM).code() == 0


def test_a_program_that_ends_again_and_again_ends_everything(demo, data):
    run = demo("beat=mortal")

    assert run.code() == 1
    assert "beat ended 4 times within a minute" in run.text
    assert run.text.count("beat has no wish to live") == 4
    assert ended(data) == ["worker", "web"]
    assert living_in(data) == []


def test_a_database_that_ends_takes_everything_with_it(demo, data):
    run = demo()
    run.until("ready")
    all_stand(data)

    os.kill(server_pid(data / "pg18"), signal.SIGKILL)

    assert run.code() == 1
    assert "postgres ended by itself" in run.text
    assert ended(data) == ORDER
    assert gone_within(data, 5)


def test_a_failed_preparation_is_shown_and_starts_nothing_else(demo, data):
    run = demo("prepare=fail")

    assert run.code() == 1
    assert "The preparation failed" in run.text
    assert not (data / "log" / "web.log").exists()
    assert living_in(data) == []


def test_a_second_demo_is_one_clear_line_with_reset_too(demo, port):
    first = demo()
    first.until("ready")
    line = f"The demo already runs at http://localhost:{port} (pid {first.process.pid}"

    for reset in ("0", "1"):
        second = demo(RESET=reset)
        assert second.code() == 1
        assert second.text.startswith(line)
        assert len(second.text.splitlines()) == 2  # with the small demo's own last line

    assert not first.ended()


def test_a_taken_port_is_one_clear_line_that_names_the_holder(demo, data, port):
    with socket.create_server(("127.0.0.1", port)):
        run = demo()

        assert run.code() == 1
    line = f"Port {port} is in use by pid {os.getpid()}; try: make demo PORT={port + 1}"
    assert run.text.splitlines()[0] == line
    assert not (data / "pg18.log").exists()


def test_a_reset_begins_anew(demo, data):
    (data / "mailbox").mkdir()
    run = demo(RESET="1")
    run.until("ready")

    url = (data / "pg18.addr").read_text().strip()
    assert rows(url, "SELECT to_regclass('kept')") == [(None,)]
    assert not (data / "mailbox").exists()


def test_a_later_start_prepares_only_what_has_changed(demo, data):
    for expected in ("prepare | made", "nothing has changed"):
        run = demo()
        run.until("ready")
        assert expected in run.text
        assert run.kill(signal.SIGINT).code() == 0

    (data / "pg18" / "PG_VERSION").touch()  # as if the cluster were another one
    run = demo()
    run.until("ready")
    assert "prepare | made" in run.text


def test_named_servers_win_and_nothing_embedded_is_imported(demo, data):
    run = demo(
        DATABASE_URL="postgres://t:secret@db.test/x",
        CELERY_BROKER_URL="redis://:secret@broker.test/0",
    )
    run.until("ready")

    assert run.kill(signal.SIGINT).code() == 0
    assert "DATABASE_URL: postgres://t:***@db.test/x" in run.text
    assert "secret" not in run.text
    assert "embedded: []" in run.text
    assert not (data / "pg18.log").exists()


def test_the_demo_ends_when_make_is_killed(data, copied, start, port):
    copied(data / "pg18")
    script = f"{sys.executable} {HERE}/small_demo.py {port} self=bound & wait"
    parent = start(["/bin/sh", "-c", script], data)
    parent.until("ready")

    parent.kill(signal.SIGKILL).code()

    assert gone_within(data, 5)


def test_the_real_plan_names_programs_that_exist():
    code = "from kernel.embedded import demo; print(demo.plan(8000))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    for word in (
        "config.wsgi:application",
        "demo_prepare",
        "http://acme.localhost:8000",
    ):
        assert word in answer.stdout
    assert "[::1]:8000" in answer.stdout or not socket.has_ipv6
