"""The operator's verbs at work: `manage.py tenant tick|shell|check`."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from threading import Event
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.db import InternalError, connection
from django.db.backends.signals import connection_created

from kernel.translation import sqlstate
from tenants import events, scheduler
from tenants.management import finding
from tenants.management.arguments import number, seconds
from tenants.management.ends import CHECK_FAILED, PARTLY_DONE, REFUSED, fail
from tenants.management.planes import in_one_line
from tenants.management.running import run_in
from tenants.management.verbs import Verbs, actor
from tenants.scheduler import TickResult
from tenants.watching import checkup

#: A minute of cron, less the time to start.
A_MINUTE: Final = 55.0
MOST_AT_ONCE: Final = 1000
#: PostgreSQL's word for a change in a transaction that only reads.
READ_ONLY: Final = "25006"


class WorkVerbs(Verbs):
    """What a command needs for the verbs at work."""

    def add_work_verbs(self, verbs: Any) -> None:
        """Declare them."""
        tick = self.verb(verbs, "tick", "Do what is due, tenant by tenant; for cron.")
        tick.add_argument(
            "--loop", action="store_true", help="Go on until --max-seconds or a signal."
        )
        tick.add_argument(
            "--batch",
            type=number(1, MOST_AT_ONCE),
            default=20,
            metavar="N",
            help="Tenants taken at once; others may take the rest.",
        )
        tick.add_argument(
            "--max-seconds",
            type=seconds,
            metavar="S",
            help="What is left then stays due; by default 55, with --loop no end.",
        )
        shell = self.verb(verbs, "shell", "Open a shell of Django in a tenant.")
        shell.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        shell.add_argument(
            "-c", dest="code", metavar="CODE", help="Run this and leave."
        )
        shell.add_argument(
            "--write", action="store_true", help="Let it change the data."
        )
        self.verb(verbs, "check", "Look whether all is well with the installation.")

    def do_tick(self, options: Mapping[str, Any]) -> None:
        """Print what each round took and fired; nothing for an idle one of a loop."""
        given = options["max_seconds"]
        if not options["loop"]:
            self.round(options, A_MINUTE if given is None else given, stopped=bool)
            return
        give_up = None if given is None else time.monotonic() + given
        with asked_to_stop() as stop:
            while not stop.is_set():
                left = A_MINUTE if give_up is None else give_up - time.monotonic()
                if left <= 0:
                    return
                self.round(options, min(left, A_MINUTE), stopped=stop.is_set)
                pause = settings.TENANTRY_TICK_SECONDS
                stop.wait(pause if give_up is None else max(0, min(pause, left)))

    def round(
        self, options: Mapping[str, Any], max_seconds: float, *, stopped: Any
    ) -> None:
        begun = time.monotonic()
        result = scheduler.run_all_inline(
            batch=options["batch"], max_seconds=max_seconds, stopped=stopped
        )
        facts = tick_facts(result, milliseconds=(time.monotonic() - begun) * 1000)
        is_idle = not (result.taken or result.fired or result.failed)
        if options["as_json"]:
            self.print_json_line(facts)
        elif not (options["loop"] and is_idle):
            self.stdout.write(
                f"{facts['taken']} taken, {facts['fired']} fired, {facts['ms']} ms"
            )
        if result.failed and not options["loop"]:
            fail(f"Failed: {', '.join(result.failed)}", PARTLY_DONE)
        for failed in result.failed:
            self.stderr.write(f"Failed: {failed}")

    def do_shell(self, options: Mapping[str, Any]) -> None:
        """Open Django's shell, or run a line of code, and write it into the book."""
        tenant = finding.served(options["tenant"])
        events.record(
            "tenant.shell",
            by=actor(options),
            tenant=tenant.uuid,
            write=options["write"],
            code=options["code"] or "",
        )
        # Without the greeting, so that only what the code prints is printed.
        line = options["code"] is not None
        arguments = ["-c", options["code"], "--verbosity", "0"] if line else []
        try:
            with nullcontext() if options["write"] else reading_only():
                run_in(tenant, "shell", arguments, caller=self)
        except InternalError as error:
            if options["write"] or sqlstate(error) != READ_ONLY:
                raise
            fail(f"{in_one_line(error)}; --write lets it change data.", REFUSED)

    def do_check(self, options: Mapping[str, Any]) -> None:
        """Print a line for each thing looked at; ends with 6 where one is not well."""
        found = checkup.look()
        if options["as_json"]:
            self.print_json(
                [
                    {"check": one.name, "ok": one.is_well, "said": one.said}
                    for one in found
                ]
            )
        else:
            self.print_table(
                ("CHECK", "STATE", ""),
                [
                    (one.name, "ok" if one.is_well else "FAILED", one.said)
                    for one in found
                ],
            )
        bad = [one.name for one in found if not one.is_well]
        if bad:
            fail(f"Not well: {', '.join(bad)}", CHECK_FAILED)


@contextmanager
def asked_to_stop() -> Iterator[Event]:
    """Give an event that a signal to end sets, so that a round ends in good order."""
    stop = Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def reading_only() -> Iterator[None]:
    """Have the database refuse to change anything, on every connection of the block."""

    def close_it(**told: Any) -> None:
        wrapper = told["connection"]
        wrapper.connection.read_only = True  # each BEGIN says so
        if not wrapper.by_transaction:
            # Behind a pooler this would stay on a server that serves others next.
            wrapper.connection.execute("SET default_transaction_read_only = on")

    connection.close()
    connection_created.connect(close_it)
    try:
        yield
    finally:
        connection_created.disconnect(close_it)
        connection.close()


def tick_facts(result: TickResult, *, milliseconds: float) -> dict[str, Any]:
    return {
        "taken": result.taken,
        "fired": result.fired,
        "ms": round(milliseconds),
        "failed": result.failed,
    }
