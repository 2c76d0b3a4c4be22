"""A database address as Django's dictionary."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = ("postgres", "postgresql")


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for `postgres://user:password@host:port/name?host=dir`.

    A `host` in the query is a socket directory; `pool=10` keeps at most so many
    connections in a pool for all threads; other query keys go to libpq.
    Raises ValueError for another scheme, a missing name or an odd pool.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in SCHEMES or not name:
        raise ValueError("DATABASE_URL must read postgres://user@host:port/name.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if "pool" in options:
        options["pool"] = {"min_size": 1, "max_size": int(options["pool"])}
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "tenants.db",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0 if "pool" in options else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
