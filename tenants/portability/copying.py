"""Read and fill tables by COPY."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from tenants.portability.catalog import Table


def out(tables: Sequence[Table], begin: Callable[[Table], Any]) -> None:
    """Give each row of each table to what `begin` returns for the table, as a line.

    All tables are asked for in one message: this costs one round trip, however many
    they are. Rows come by primary key, so that equal tables give equal lines.
    """
    if not tables:
        return
    bare = connection.connection.pgconn
    whole = "; ".join(map(statement, tables))
    try:
        bare.send_query(whole.encode())
        for table in tables:
            drain(bare, begin(table))
        finish(bare)
    except BaseException:
        # What the server still has to say would be taken for the next answer.
        connection.close()
        raise


def statement(table: Table) -> str:
    order = f" ORDER BY {listed(table.key)}" if table.key else ""
    rows = f"SELECT {listed(table.columns)} FROM {quoted(table.name)}{order}"  # noqa: S608 - names of the catalog, quoted
    return f"COPY ({rows}) TO STDOUT"


def listed(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def quoted(name: str) -> str:
    """Return a name as SQL takes it; a tenth of what psycopg's own way costs."""
    return '"' + name.replace('"', '""') + '"'


def drain(bare: Any, take: Callable[[bytes], object]) -> None:
    """Give the lines of one table away."""
    result = bare.get_result()
    require(bare, result, ExecStatus.COPY_OUT)
    while True:
        size, line = bare.get_copy_data(0)
        if size < 0:
            break
        take(bytes(line))
    require(bare, bare.get_result(), ExecStatus.COMMAND_OK)


def finish(bare: Any) -> None:
    while (rest := bare.get_result()) is not None:
        require(bare, rest, ExecStatus.COMMAND_OK)


def require(bare: Any, result: Any, status: ExecStatus) -> None:
    """Raise the server's error, if that is what it answered."""
    if result is None or result.status != status:
        with connection.wrap_database_errors:
            raise error_from_result(result or bare.make_empty_result(status))


def into(table: Table, columns: Sequence[str], blocks: Iterator[bytes]) -> None:
    """Fill a table with lines."""
    whole = f"COPY {quoted(table.name)} ({listed(columns)}) FROM STDIN"
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(whole) as copy,
    ):
        for block in blocks:
            copy.write(block)
