"""Hears from the database what changed in the control plane, and has it forgotten.

One thread a process, with a connection of its own, from the first look-up of a host on.
What is heard only ever removes from tenants.directory, since any role of the database
may speak on the channel.
"""

import atexit
import logging
import os
import selectors
import socket
from collections.abc import Iterable
from contextlib import closing, suppress
from threading import Lock, Thread
from typing import Any, Final
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from tenants import directory
from tenants.db import pooling

logger = logging.getLogger(__name__)

CHANNEL: Final = "tenantry_control"
#: Seconds before the next try to connect: at first, and at most.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
#: How long an end that was asked for is waited for.
PATIENCE_SECONDS: Final = 5.0
# A server that vanished without a word is noticed by the operating system.
DEFAULTS: Final = {
    "application_name": "tenantry listener",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class Listener:
    """The thread, its connection, and the way to end it."""

    def __init__(self) -> None:
        self.connected = False
        self._connection: psycopg.Connection[Any] | None = None
        self._told, self._tell = socket.socketpair()
        self._thread = Thread(target=self._run, name="tenantry-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection, and wait for both."""
        self._tell.send(b".")
        self._thread.join(PATIENCE_SECONDS)
        if not self._thread.is_alive():
            self._told.close()
            self._tell.close()

    def abandon(self) -> None:
        """Let go, in a forked child, of what belongs to the parent."""
        self._told.close()
        self._tell.close()
        if self._connection is not None:
            # Only the descriptor: the session on the server is the parent's.
            with suppress(OSError, psycopg.Error):
                os.close(self._connection.fileno())

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                with closing(connect()) as self._connection:
                    pause = FIRST_PAUSE
                    self._say(connected=True)
                    self._listen(self._connection)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do
                if self.connected or pause == FIRST_PAUSE:
                    reason = type(error).__name__
                    logger.warning("listener.lost", extra={"reason": reason})
            else:
                return
            finally:
                self._connection = None
                self._say(connected=False)
            if self._is_told_to_end(within=pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)

    def _say(self, *, connected: bool) -> None:
        """Begin a new time: what was remembered may have changed unheard."""
        self.connected = connected
        directory.empty(told=connected)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        """Hear until told to end. Raises where the connection is lost."""
        with selectors.DefaultSelector() as ready:
            ready.register(connection.fileno(), selectors.EVENT_READ)
            ready.register(self._told, selectors.EVENT_READ)
            while True:
                which = {key.fileobj for key, _events in ready.select()}
                if self._told in which:
                    return
                hear(note.payload for note in connection.notifies(timeout=0))

    def _is_told_to_end(self, *, within: float) -> bool:
        with selectors.DefaultSelector() as ready:
            ready.register(self._told, selectors.EVENT_READ)
            return bool(ready.select(within))


def connect() -> psycopg.Connection[Any]:
    """Return a connection that hears the channel, made as Django makes its own."""
    wanted: dict[str, Any] = connections[DEFAULT_DB_ALIAS].get_connection_params()
    connection = psycopg.connect(**{**DEFAULTS, **wanted}, autocommit=True)
    try:
        connection.execute(f"LISTEN {CHANNEL}")
    except BaseException:
        connection.close()
        raise
    return connection


def hear(payloads: Iterable[str]) -> None:
    """Forget what is named: `tenant <uuid>`, `host <name>`; else everything."""
    tenants, hosts = set[UUID](), set[str]()
    for payload in payloads:
        kind, _, name = payload.partition(" ")
        try:
            if kind == "host":
                hosts.add(name)
            elif kind == "tenant":
                tenants.add(UUID(name))
            else:
                directory.empty()
        except ValueError:
            directory.empty()
    if tenants or hosts:
        directory.drop(tenants=tenants, hosts=hosts)


_lock = Lock()
_own: Listener | None = None


def may_listen() -> bool:
    """Tell whether the settings allow it; a pooler by transaction would lose words."""
    return settings.TENANTRY_LISTEN and not pooling.is_by_transaction()


def start() -> None:
    """Have this process hear of changes, unless it does so or may not."""
    global _own  # noqa: PLW0603 - one listener for all threads of the process
    if _own is not None or not may_listen():
        return
    with _lock:
        if _own is None:
            _own = Listener()
            _own.start()


def stop() -> None:
    """Hear no more; the next look-up of a host would start anew."""
    global _own
    with _lock:
        own, _own = _own, None
    if own is not None:
        own.stop()


def connected() -> bool:
    """Tell whether this process hears of changes now."""
    return _own is not None and _own.connected


def hears(*, within: float = 2.0) -> bool:
    """Tell whether a word sent to the channel is heard on another connection.

    It names a host that nobody has, so nobody forgets anything.
    """
    word = f"host {os.urandom(8).hex()}"
    with closing(connect()) as ear, closing(connect()) as mouth:
        mouth.execute("SELECT pg_notify(%s, %s)", [CHANNEL, word])
        return any(told.payload == word for told in ear.notifies(timeout=within))


def _forked() -> None:
    global _lock, _own
    own, _own, _lock = _own, None, Lock()
    if own is not None:
        own.abandon()


os.register_at_fork(after_in_child=_forked)
atexit.register(stop)
