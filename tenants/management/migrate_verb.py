"""The verb that brings all schemas to the code: `manage.py tenant migrate`."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self
from uuid import UUID

from tenants import fleet
from tenants.errors import FleetBusy
from tenants.fleet.ledger import State
from tenants.fleet.orders import Order, Outcome, Report, Told, Wave, waves
from tenants.management.arguments import number
from tenants.management.ends import LOCK_HELD, PARTLY_DONE, fail
from tenants.management.finding import find
from tenants.management.verbs import Verbs, actor

#: More would take the connections of those who work.
MOST_JOBS: Final = 16
HEAD: Final = ("TENANT", "MIGRATION", "STATEMENT", "SQLSTATE", "ATTEMPTS", "TEXT")


class MigrateVerb(Verbs):
    """What a command needs for the verb `migrate`."""

    def add_migrate_verb(self, verbs: Any) -> None:
        """Declare it."""
        migrate = self.verb(
            verbs, "migrate", "Bring every schema to the code's tables."
        )
        for name in ("--plan", "--dry-run"):
            migrate.add_argument(
                name,
                action="store_true",
                help="Show what would be done, and do nothing.",
            )
        migrate.add_argument(
            "--canary", metavar="TENANT", help="Who goes first of its group."
        )
        migrate.add_argument(
            "--wave",
            type=in_waves,
            default="1,1%,100%",
            metavar="N,P%,...",
            help="How many of a group have gone when each wave ends.",
        )
        migrate.add_argument(
            "--jobs",
            type=number(1, MOST_JOBS),
            default=1,
            metavar="N",
            help="Processes for what runs Django's migrations.",
        )
        migrate.add_argument(
            "--only", nargs="+", metavar="TENANT", help="Slugs, uuids or domains."
        )
        again = migrate.add_mutually_exclusive_group()
        again.add_argument(
            "--retry-failed", action="store_true", help="Only who failed the last time."
        )
        again.add_argument(
            "--resume",
            action="store_true",
            help="Go on with an interrupted run, by its recorded SQL.",
        )

    def do_migrate(self, options: Mapping[str, Any]) -> None:
        order = ordered(options)
        if options["plan"] or options["dry_run"]:
            report = fleet.look(order)[1]
            self.print_plan(report, options)
            return
        try:
            with Shown() as shown:
                report = fleet.run(order, by=actor(options), told=shown)
        except FleetBusy as error:
            fail(error.detail, LOCK_HELD)
        if options["as_json"]:
            self.print_json(report_facts(report))
        else:
            self.print_report(report)
        if not report.is_whole:
            fail(shortfall(report), PARTLY_DONE)

    def print_plan(self, report: Report, options: Mapping[str, Any]) -> None:
        if options["as_json"]:
            self.print_json(report_facts(report))
            return
        skipped = len(report.of_state(State.SKIPPED))
        self.stdout.write(f"{skipped} up to date with {report.revision}.")
        self.print_groups(report)
        for wave in report.waves if report.groups else ():
            self.stdout.write(
                f"Wave {wave['wave']} ({wave['until']}): {wave['tenants']} tenants"
            )

    def print_groups(self, report: Report) -> None:
        for group in report.groups:
            self.stdout.write(
                f"{group['tenants']} from {group['from']} by {group['mode']},"
                f" canary {group['canary']}: {', '.join(group['migrations'])}"
            )
            if group["obstacle"]:
                self.stdout.write(f"  not replayed: {group['obstacle']}")
            for words in group.get("warnings", ()):
                self.stdout.write(f"  warning: {words}")

    def print_report(self, report: Report) -> None:
        """Print the groups, the numbers, and the list of failures."""
        self.print_groups(report)
        counted = [(name, str(number)) for name, number in totals(report) if number]
        if counted:
            self.print_table(("STATE", "TENANTS"), counted)
        else:
            self.stdout.write("There was nobody to migrate.")
        if report.failed:
            self.stdout.write("")
            self.print_table(HEAD, map(failure_row, report.failed))


def ordered(options: Mapping[str, Any]) -> Order:
    """Return the order of the command line; needs the control context."""
    only = options["only"]
    return Order(
        only=frozenset(uuid_of(name) for name in only) if only else None,
        canary=uuid_of(options["canary"]) if options["canary"] else None,
        waves=given_waves(options["wave"]),
        jobs=options["jobs"],
        retry_failed=options["retry_failed"],
        resume=options["resume"],
    )


def given_waves(value: str | tuple[Wave, ...]) -> tuple[Wave, ...]:
    return waves(value) if isinstance(value, str) else value


def uuid_of(name: str) -> UUID:
    return find(name).uuid


def in_waves(text: str) -> tuple[Wave, ...]:
    """Return the waves of a text, for argparse."""
    try:
        return waves(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no list like 1,1%,100%") from None


def totals(report: Report) -> list[tuple[str, int]]:
    return [(state.value, len(report.of_state(state))) for state in State]


def shortfall(report: Report) -> str:
    """Return the line of a run that did not bring everybody there."""
    failed = [one.tenant.slug for one in report.failed]
    waiting = len(report.of_state(State.PENDING, State.RUNNING, State.DEFERRED))
    words = [report.stopped] if report.stopped else []
    if failed:
        words.append(f"{len(failed)} failed: {', '.join(failed)}")
    if waiting:
        words.append(f"{waiting} waiting")
    return "; ".join(word.rstrip(".") for word in words)


def failure_row(outcome: Outcome) -> tuple[str, ...]:
    facts = failure_facts(outcome)
    keys = ("slug", "migration", "statement", "sqlstate", "attempts", "text")
    return tuple("-" if facts[key] in (None, "") else str(facts[key]) for key in keys)


def failure_facts(outcome: Outcome) -> dict[str, Any]:
    failure = outcome.failure
    return {
        "slug": outcome.tenant.slug,
        "uuid": str(outcome.tenant.uuid),
        "migration": failure.migration if failure else "",
        "statement": failure.statement_no if failure else None,
        "sqlstate": failure.sqlstate if failure else "",
        "text": failure.text if failure else "",
        "attempts": outcome.attempts,
    }


def report_facts(report: Report) -> dict[str, Any]:
    return {
        "revision": report.revision,
        "groups": report.groups,
        "waves": report.waves,
        "counts": dict(totals(report)),
        "tenants": [tenant_row(one) for one in by_slug(report.outcomes.values())],
        "failed": [failure_facts(one) for one in report.failed],
        "stopped": report.stopped,
    }


def by_slug(outcomes: Iterable[Outcome]) -> Sequence[Outcome]:
    return sorted(outcomes, key=lambda one: one.tenant.slug)


def tenant_row(outcome: Outcome) -> dict[str, Any]:
    return {
        "slug": outcome.tenant.slug,
        "state": outcome.state.value,
        "wave": outcome.wave,
        "mode": outcome.mode.value if outcome.mode else None,
        "attempts": outcome.attempts,
    }


class Shown(Told):
    """A bar on stderr for each wave, where a person looks."""

    def __init__(self) -> None:
        # Imported where it is shown; it would delay the start of every other verb.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        # No thread draws it: processes are forked beside it.
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(file=sys.stderr),
            auto_refresh=False,
            disable=not sys.stderr.isatty(),
        )
        self.task: Any = None

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def begin(self, wave: int, total: int) -> None:
        """Draw the bar of a wave."""
        self.task = self.progress.add_task(f"Wave {wave}", total=total)
        self.progress.refresh()

    def ended(self, outcome: Outcome) -> None:  # noqa: ARG002 - the listener's signature
        """Move the bar on."""
        if self.task is not None:
            self.progress.advance(self.task)
            self.progress.refresh()
