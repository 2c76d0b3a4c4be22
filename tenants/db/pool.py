"""A psycopg pool whose connections come back with nothing of the tenant before."""

from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from psycopg import Connection
from psycopg.pq import TransactionStatus

from tenants.db import wear

#: The path of the login leads to the public schema, which nobody asked for yet.
NOWHERE: Final = (
    "SELECT set_config('search_path', '', false), set_config('app.tenant', '', false)"
)
CLEAN: Final = (
    "SELECT set_config('role', 'none', false)",
    "RESET ALL",
    NOWHERE,
    "UNLISTEN *",
    "CLOSE ALL",  # also those that outlive their transaction
    "SELECT pg_advisory_unlock_all()",
)
USABLE: Final = (TransactionStatus.IDLE, TransactionStatus.INTRANS)


def install(wrapper: Any) -> None:
    """See that the pool of a database wrapper, which has one, cleans what returns."""
    options = wrapper.settings_dict["OPTIONS"]
    wanted = options["pool"]
    if wanted is True:
        wanted = options["pool"] = {}
    own = wanted.setdefault("reset", Cleaner(wrapper))
    if not isinstance(own, Cleaner):
        raise ImproperlyConfigured(
            "OPTIONS['pool'] has a reset of its own; tenants.db needs its place."
        )


class Cleaner:
    """The `reset` of a pool."""

    def __init__(self, wrapper: Any) -> None:
        self._configure = wrapper._configure_connection  # noqa: SLF001 - sets Django's time zone

    def __call__(self, connection: Connection[Any]) -> None:
        """Take everything off a connection; the pool drops one where this fails."""
        connection.rollback()
        connection.autocommit = True
        for statement in CLEAN:
            connection.execute(statement)
        self._configure(connection)


def close_if_spent(connection: Connection[Any]) -> None:
    """Close a connection in error, or a worn one: the pool makes another for it."""
    if connection.pgconn.transaction_status not in USABLE or wear.of(connection).is_out:
        connection.close()
