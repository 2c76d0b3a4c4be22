"""Which servers are embedded and which are named by a URL."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from kernel.embedded.addresses import masked
from kernel.embedded.errors import CannotStart
from kernel.embedded.server import Server

DATABASE = "DATABASE_URL"
BROKER = "CELERY_BROKER_URL"


def missing() -> list[str]:
    """Return the variables that name no server, so that an embedded one is needed.

    Raises CannotStart in production, where no embedded server ever starts.
    """
    names = [name for name in (DATABASE, BROKER) if not os.environ.get(name)]
    if names and os.environ.get("DJANGO_ENV") == "production":
        raise CannotStart(f"DJANGO_ENV=production needs {' and '.join(names)}.")
    return names


def given() -> dict[str, str]:
    """Return the servers that the environment names, with passwords masked."""
    return {
        name: masked(os.environ[name])
        for name in (DATABASE, BROKER)
        if os.environ.get(name)
    }


def embedded(
    variable: str,
    directory: Path,
    *,
    prefix: str = "",
    suffix: str = "",
    test: bool = False,
    pause: Callable[[float], object] = time.sleep,
    say: Callable[[str], object] = print,
) -> Server:
    """Return the embedded server that stands in for a variable, not yet started.

    The data lie in `directory`, named after program and major version, as `pg18`.
    """
    if variable == DATABASE:
        from kernel.embedded import binaries
        from kernel.embedded.postgres import PostgresServer

        name = f"{prefix}pg{binaries.postgres().major}{suffix}"
        return PostgresServer(directory / name, test=test, pause=pause, say=say)
    from kernel.embedded.valkey import ValkeyServer

    name = f"{prefix}valkey9{suffix}"
    return ValkeyServer(directory / name, test=test, pause=pause, say=say)
