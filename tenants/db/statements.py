"""Which statements leave the server's settings as they are.

A false alarm costs one round trip, as the context is told again; a silence would let
the next statements run in another schema, or as the platform's login.
"""

import re
from typing import Any, Final

from psycopg.sql import Composable

_LEADING: Final = r"(?:[\s(]|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"
#: One statement that reads or changes rows, or tables. Of savepoints Django tells.
_STAYS: Final = re.compile(
    _LEADING + r"(?:SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|MERGE|TABLE|SHOW|EXPLAIN"
    r"|SAVEPOINT|RELEASE|DECLARE|FETCH|CLOSE|LOCK|COPY|LISTEN|UNLISTEN|NOTIFY"
    r"|CREATE|ALTER|DROP|TRUNCATE|COMMENT|GRANT|REVOKE|ANALYZE|SET\s+CONSTRAINTS)\b",
    re.IGNORECASE,
)
_OF_DJANGO: Final = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
#: A time limit for a transaction is nobody's context, and shall stay in force.
_LIMIT: Final = re.compile(
    r"\s*SET\s+LOCAL\s+\w+_timeout\s*(?:=|\sTO\s)\s*[\w']+\s*;?\s*\Z", re.IGNORECASE
)
_COMMENTS: Final = re.compile(_LEADING)


def reads(statement: Any) -> bool:
    """Tell whether this is one statement, as Django writes it, that reads."""
    return (
        type(statement) is str and statement.startswith("SELECT ") and _stays(statement)
    )


def moves(statement: Any, connection: Any) -> bool:
    """Tell whether the server may be elsewhere, or somebody else, after a statement."""
    text = statement if type(statement) is str else _text(statement, connection)
    if _stays(text):
        return False  # the way of nearly every statement
    return not _LIMIT.match(text) and not _stays(_without_ends(text))


def _stays(text: str) -> bool:
    # One word at a time, as a regular expression takes six times as long.
    return (
        ";" not in text
        and "set_config" not in text
        and "SET_CONFIG" not in text
        and (text.startswith(_OF_DJANGO) or _STAYS.match(text) is not None)
    )


def _without_ends(text: str) -> str:
    return _COMMENTS.sub("", text, count=1).rstrip("; \n")


def _text(statement: Any, connection: Any) -> str:
    if isinstance(statement, Composable):
        return statement.as_string(connection)
    if isinstance(statement, str):
        return str(statement)
    return bytes(statement).decode(errors="replace")
