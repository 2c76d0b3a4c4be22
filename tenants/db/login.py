"""Who the platform is to the database, and whether that keeps tenants apart."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

from tenants.context import use_control
from tenants.db import pooling
from tenants.db.base import DatabaseWrapper

LOGIN = """
SELECT rolname, rolsuper OR rolbypassrls, rolcreaterole
FROM pg_roles WHERE rolname = session_user
"""


def login_is_harmless(
    app_configs: object,  # noqa: ARG001 - the signature of a check
    databases: Sequence[str] | None = None,
    **kwargs: object,  # noqa: ARG001 - as above
) -> list[CheckMessage]:
    """Check the login of each database of ours, and what stands before it."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection: Any = connections[alias]
        if isinstance(connection, DatabaseWrapper):
            found += problems_of(connection)
    return found


def problems_of(connection: DatabaseWrapper) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    with use_control(), connection.cursor() as cursor:
        cursor.execute(LOGIN)
        name, is_almighty, makes_roles = cursor.fetchone()
    if is_almighty:
        found.append(
            Error(
                f"The login {name} is a superuser or has BYPASSRLS, so the database"
                " holds no border between tenants.",
                hint=f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS CREATEROLE;",
                id="tenants.E003",
            )
        )
    elif not makes_roles:
        found.append(
            Error(
                f"The login {name} may not make the roles of new tenants.",
                hint=f"ALTER ROLE {name} CREATEROLE;",
                id="tenants.E004",
            )
        )
    try:
        pooling.require_honest(lambda: open_another(connection))
    except pooling.UnsafePooler as error:
        found.append(Error(str(error), id="tenants.E005"))
    return found


def open_another(connection: DatabaseWrapper) -> Any:
    """Return a further connection to the same server, in autocommit."""
    values = connection.get_connection_params()
    return connection.Database.connect(**{**values, "autocommit": True})
