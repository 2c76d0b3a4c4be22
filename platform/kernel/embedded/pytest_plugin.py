"""The servers of a test run, started when this module is imported.

pytest-django reads the settings before any conftest.py, so a fixture would be too late:
`addopts` names this module, and importing it starts what DATABASE_URL and
CELERY_BROKER_URL do not name. Workers of pytest-xdist inherit both.

--fresh-db    make a new cluster instead of using the last run's again
"""

import atexit
import os
import shlex
import sys

import pytest

from kernel import catalogues
from kernel.embedded import services
from kernel.embedded.errors import EmbeddedError
from kernel.embedded.testing import Servers

QUIET = {"-h", "--help", "-V", "--version", "--co", "--collect-only"}
FRESH = "--fresh-db"


def words() -> list[str]:
    """Return the command line as far as it can be known before pytest reads it."""
    return [*sys.argv[1:], *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]


def keep_bytecode() -> None:
    """Let Python keep what it compiles, whatever the environment says.

    To rewrite the assertions of all tests takes longer than to collect them, in each
    worker, and every process that a test starts would compile the project anew.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def begin() -> Servers:
    """Start the servers that this run needs, unless it runs no test."""
    servers = Servers()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if not is_worker and QUIET.isdisjoint(words()):
        catalogues.build()  # for a run that no make has prepared
        atexit.register(servers.stop)  # for an end before pytest is configured
        try:
            servers.start(fresh=FRESH in words())
        except EmbeddedError as error:
            sys.exit(f"The tests have no servers: {error}")
    return servers


keep_bytecode()
SERVERS = begin()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("embedded servers").addoption(
        FRESH, action="store_true", help="make a new PostgreSQL cluster for the tests"
    )


def pytest_report_header() -> list[str]:
    given = [f"{name}: {url}" for name, url in services.given().items()]
    return SERVERS.descriptions or given


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    SERVERS.stop()
