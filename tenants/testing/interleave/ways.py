"""The ways in which code gets to the database, each as it is really gone."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from celery import current_app
from django.db import connections

from tenants.celery import TenantTask
from tenants.context import Control, TenantInfo, use, use_control
from tenants.testing.interleave.places import PROBE, Seen

COPY: Final = f"COPY ({PROBE}) TO STDOUT"
#: The tasks, by whether they are of the control plane.
TASKS: Final = {False: "interleave.tenant", True: "interleave.control"}


def nothing() -> None:
    """Foresee that all goes well."""


def entering(
    place: TenantInfo | Control, *, shared: bool
) -> AbstractContextManager[object]:
    if isinstance(place, Control):
        return use_control(same_transaction=shared)
    return use(place, same_transaction=shared)


def cursor(alias: str) -> Any:
    return connections[alias].cursor()


def is_of(alias: str, cursor: Any) -> bool:
    """Tell whether a cursor is of the connection that this thread has now."""
    return cursor.cursor.connection is connections[alias].connection


def is_pooled(alias: str) -> bool:
    return bool(connections[alias].settings_dict["OPTIONS"].get("pool"))


def close(alias: str) -> None:
    connections[alias].close()


def with_cursor(alias: str, how: Callable[[Any], Any]) -> Any:
    with connections[alias].cursor() as cursor:
        return how(cursor)


def probe(alias: str) -> Seen:
    """Return the answer to PROBE."""
    seen: Seen = with_cursor(alias, asked)
    return seen


def asked(cursor: Any) -> Seen:
    seen: Seen = cursor.execute(PROBE).fetchone()
    return seen


def asked_often(cursor: Any) -> Seen:
    """Have the answer written down by `executemany`, which returns no rows."""
    text = (
        "SELECT set_config('tenantry.probe', concat_ws(' ', current_schema(),"
        " current_user, current_setting('app.tenant'), %s::text), false)"
    )
    cursor.executemany(text, [["first"], ["last"]])
    written = "SELECT current_setting('tenantry.probe')"
    row = cursor.connection.execute(written).fetchone()[0]
    return tuple(row.removesuffix(" last").split())


def called(cursor: Any) -> Seen:
    """Ask by a function that returns rows."""
    cursor.callproc("current_schema")
    schema = cursor.fetchone()
    cursor.callproc("current_setting", ["app.tenant"])
    tenant = cursor.fetchone()
    cursor.callproc("current_user")
    return (*schema, *cursor.fetchone(), *tenant)


def copied(cursor: Any) -> Seen:
    with cursor.copy(COPY) as rows:
        (row,) = rows.rows()
        return tuple(row)


def in_thread(do: Callable[[], Any]) -> Any:
    """Return what `do` returns in a thread of its own, or raise what it raises."""
    ends: list[tuple[bool, Any]] = []

    def run() -> None:
        try:
            ends.append((True, do()))
        except Exception as error:  # noqa: BLE001 - raised below
            ends.append((False, error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    went_well, result = ends[0]
    if not went_well:
        raise result
    return result


def as_task(place: TenantInfo | Control, do: Callable[[], None]) -> None:
    """Run `do` as a worker runs a task that was published for a place."""
    headers: Any = {}
    if isinstance(place, TenantInfo):
        headers = {"tenant": str(place.uuid), "generation": place.generation}
    name = TASKS[isinstance(place, Control)]
    current_app.tasks[name].apply(args=(do,), headers=headers, throw=True)


@contextmanager
def tasks_known() -> Iterator[None]:
    """Put a task of each plane, which calls its argument, into Celery's registry."""
    app: Any = current_app
    for is_control, name in TASKS.items():
        plane = "control" if is_control else "tenant"
        body = {"run": run, "name": name, "plane": plane, "control": is_control}
        app.register_task(type("Interleaved", (TenantTask,), body)())
    try:
        yield
    finally:
        for name in TASKS.values():
            app.tasks.unregister(name)


@contextmanager
def silent(*names: str) -> Iterator[None]:
    """Let loggers keep to themselves what is done here on purpose, and often."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def run(task: Any, do: Callable[[], None]) -> None:  # noqa: ARG001 - a task's method
    """Do it."""
    do()
