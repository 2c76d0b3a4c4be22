"""Which tenant a host leads to, as each process remembers it for a moment.

A change is told by the database itself and heard by tenants.listener, which has it
dropped here; where nobody listens, what is remembered lives for two seconds.
Inside an open transaction nothing is remembered and nothing remembered is believed:
it may have changed the tables itself, and may yet take that back.
"""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from cachetools import TTLCache
from django.db import connections, transaction

from tenants.context import TenantInfo

MOST: Final = 10_000
#: Seconds for which an answer is remembered while changes are told, and while not.
TOLD_SECONDS: Final = 30.0
UNTOLD_SECONDS: Final = 2.0
#: The same for a host that leads nowhere; a spray of such names has its own room.
NOWHERE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a host leads to: a tenant, and the host where its pages should be read.

    `redirect` is empty where this is that host already.
    """

    tenant: TenantInfo
    redirect: str = ""


Answer = Found | None
LookUp = Callable[[str], Answer]


class Unknown:
    """What `peek` returns where nothing is remembered."""


UNKNOWN: Final = Unknown()


class Directory:
    """Answers by host, from memory or by `look_up`, in any thread.

    Of many who ask for one host at once, one looks it up and the others wait for it.
    A look-up under way when something changes is answered and not remembered.
    """

    def __init__(
        self, look_up: LookUp, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._look_up = look_up
        self._timer = timer
        self.begin_anew()

    def begin_anew(self) -> None:
        """Know nothing, and hold no lock: also for a process that was just forked."""
        self._lock = Lock()
        # A look-up that is no longer in here was overtaken by a change.
        self._under_way: dict[str, Future[Answer]] = {}
        self._nowhere: TTLCache[str, None, float] = TTLCache(
            MOST, NOWHERE_SECONDS, self._timer
        )
        self._found: TTLCache[str, Found, float] = TTLCache(
            MOST, UNTOLD_SECONDS, self._timer
        )

    def peek(self, host: str) -> Answer | Unknown:
        """Return what is remembered, or UNKNOWN."""
        with self._lock:
            return self._remembered(host)

    def find(self, host: str) -> Answer:
        """Return what the host leads to. Raises what the look-up raises."""
        while True:
            with self._lock:
                answer = self._remembered(host)
                if not isinstance(answer, Unknown):
                    return answer
                others = self._under_way.get(host)
                if others is None:
                    mine = self._under_way[host] = Future[Answer]()
            if others is None:
                return self._look_up_for_all(host, mine)
            with suppress(CancelledError):
                return others.result()

    def drop(self, *, tenants: Iterable[UUID] = (), hosts: Iterable[str] = ()) -> None:
        """Forget tenants, with all that leads to them, and hosts."""
        gone = set(tenants)
        with self._lock:
            self._under_way.clear()
            led = [
                host
                for host in (self._found if gone else ())
                if self._found[host].tenant.uuid in gone
            ]
            for host in (*led, *hosts):
                self._found.pop(host, None)
                self._nowhere.pop(host, None)

    def empty(self, *, told: bool | None = None) -> None:
        """Forget everything; with `told`, say whether changes are told from now on."""
        with self._lock:
            self._under_way.clear()
            self._nowhere.clear()
            seconds = self._found.ttl
            if told is not None:
                seconds = TOLD_SECONDS if told else UNTOLD_SECONDS
            self._found = TTLCache(MOST, seconds, self._timer)

    def _remembered(self, host: str) -> Answer | Unknown:
        found = self._found.get(host)
        if found is None and host not in self._nowhere:
            return UNKNOWN
        return found

    def _look_up_for_all(self, host: str, waited_for: Future[Answer]) -> Answer:
        try:
            answer = self._look_up(host)
        except Exception as error:
            self._land(host, waited_for)
            waited_for.set_exception(error)
            raise
        except BaseException:
            # This thread is being ended; those who wait ask again themselves.
            self._land(host, waited_for)
            waited_for.cancel()
            raise
        with self._lock:
            if self._under_way.get(host) is waited_for:
                self._remember(host, answer)
        self._land(host, waited_for)
        waited_for.set_result(answer)
        return answer

    def _remember(self, host: str, answer: Answer) -> None:
        if answer is None:
            self._nowhere[host] = None
        else:
            self._found[host] = answer

    def _land(self, host: str, waited_for: Future[Answer]) -> None:
        with self._lock:
            if self._under_way.get(host) is waited_for:
                del self._under_way[host]


def ask(host: str) -> Answer:
    """Return what a canonical host leads to, by one query on the control plane."""
    from tenants import lookup

    tenant = lookup.by_host(host)
    if tenant is None:
        return None
    primary = tenant.primary_domain
    return Found(tenant, redirect="" if primary == host else primary)


def listen_and_ask(host: str) -> Answer:
    """Do the same, and have this process hear of changes from now on."""
    from tenants import listener

    listener.start()
    return ask(host)


_directory: Final = Directory(listen_and_ask)
os.register_at_fork(after_in_child=_directory.begin_anew)


def find(host: str) -> Answer:
    """Return what a canonical host leads to: without a query where it is remembered."""
    return ask(host) if in_transaction() else _directory.find(host)


async def find_later(host: str) -> Answer:
    """Do the same for a coroutine; a thread is used only where nothing is remembered.

    A transaction lives in a thread, and so this one has none open.
    """
    answer = _directory.peek(host)
    return await sync_to_async(find)(host) if isinstance(answer, Unknown) else answer


def in_transaction() -> bool:
    """Tell whether this thread has a transaction open."""
    opened = connections.all(initialized_only=True)
    return any(connection.in_atomic_block for connection in opened)


def forget(*tenants: UUID) -> None:
    """Forget tenants in this process, with all hosts that lead to them."""
    drop(tenants=tenants)


def drop(*, tenants: Iterable[UUID] = (), hosts: Iterable[str] = ()) -> None:
    """Forget tenants in this process, and hosts, also those that led nowhere."""
    _directory.drop(tenants=tenants, hosts=hosts)


def forget_after_commit(tenant: UUID, *hosts: str) -> None:
    """Forget a tenant and hosts in this process once the open transaction is done.

    All processes hear of it from the database; this one need not wait for that.
    """
    transaction.on_commit(partial(drop, tenants=[tenant], hosts=hosts))


def empty_after_commit() -> None:
    """Forget everything in this process once the open transaction is done."""
    transaction.on_commit(empty)


def empty(*, told: bool | None = None) -> None:
    """Forget everything; with `told`, say whether changes are told from now on."""
    _directory.empty(told=told)
