"""The operator's verbs about a tenant's life.

`manage.py tenant suspend|resume|maintenance|rename`
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction

from tenants.errors import ReasonMissing
from tenants.life import going_on, maintenance, renaming
from tenants.management.arguments import may_be_tried, span, span_words
from tenants.management.ends import REFUSED, fail
from tenants.management.finding import find
from tenants.management.verbs import Verbs, actor, iso
from tenants.models import Tenant
from tenants.states import State, change_state

WHICH: Final = "A slug, uuid or domain."


class LifeVerbs(Verbs):
    """What a command needs for the verbs about a tenant's life."""

    def add_life_verbs(self, verbs: Any) -> None:
        """Declare them."""
        suspend = self.change(verbs, "suspend", "Stop a tenant: 423, nothing runs.")
        suspend.add_argument("--reason", required=True, metavar="TEXT")
        resume = self.change(
            verbs,
            "resume",
            "Let a tenant work again: from suspended, past due, a maintenance or"
            " being deleted.",
        )
        resume.add_argument("--reason", default="", metavar="TEXT")
        kept_out = self.change(
            verbs, "maintenance", "Keep everybody out for a while, but by a link."
        )
        how = kept_out.add_mutually_exclusive_group(required=True)
        how.add_argument(
            "--for", type=span, dest="lasting", metavar="30m", help="1m to 7d."
        )
        how.add_argument("--off", action="store_true", help="End it now.")
        rename = self.change(
            verbs, "rename", "Give a tenant another address; the old one leads there."
        )
        rename.add_argument("new_slug", metavar="NEW_SLUG")
        rename.add_argument("--name", default="", help="What people read.")

    def change(self, verbs: Any, name: str, words: str) -> ArgumentParser:
        """Return the parser of a verb that changes one tenant."""
        parser = self.verb(verbs, name, words)
        parser.add_argument("tenant", metavar="TENANT", help=WHICH)
        may_be_tried(parser)
        return parser

    def do_suspend(self, options: Mapping[str, Any]) -> None:
        reason = options["reason"].strip()
        if not reason:
            raise ReasonMissing
        by = actor(options)

        def suspend(tenant: Tenant) -> Tenant:
            return change_state(tenant, State.SUSPENDED, reason=reason, by=by)

        self.move(options, suspend)

    def do_resume(self, options: Mapping[str, Any]) -> None:
        reason, by = options["reason"].strip(), actor(options)

        def resume(tenant: Tenant) -> Tenant:
            return going_on.resume(tenant, reason=reason, by=by)

        self.move(options, resume)

    def move(
        self, options: Mapping[str, Any], change: Callable[[Tenant], Tenant]
    ) -> None:
        """Change a tenant's state and print both states."""
        before, after = self.changed(options, change)
        facts = {
            "slug": after.slug,
            "uuid": str(after.uuid),
            "before": before.state,
            "state": after.state,
            "reason": after.state_reason,
            "dry_run": options["dry_run"],
        }
        line = f"{after.slug}: {before.state} -> {after.state}"
        if before.state == after.state:
            line = f"{after.slug}: maintenance ended"
        self.say(options, facts, line)

    def do_maintenance(self, options: Mapping[str, Any]) -> None:
        by, lasting = actor(options), options["lasting"]

        def begin_or_end(tenant: Tenant) -> Tenant:
            if options["off"]:
                return maintenance.end(tenant, by=by)
            return maintenance.begin(tenant, lasting=lasting, by=by)

        _before, after = self.changed(options, begin_or_end)
        until = iso(after.maintenance_until)
        # The link of a maintenance that does not begin would lead nowhere.
        has_link = until and not options["dry_run"]
        facts = {
            "slug": after.slug,
            "uuid": str(after.uuid),
            "until": until,
            "link": maintenance.link(after.info()) if has_link else None,
            "dry_run": options["dry_run"],
        }
        line = f"{after.slug}: in maintenance until {until}"
        if has_link:
            line += f"\nPass by this link: {facts['link']}"
        self.say(options, facts, line if until else f"{after.slug}: maintenance ended")

    def do_rename(self, options: Mapping[str, Any]) -> None:
        by, slug, name = actor(options), options["new_slug"], options["name"]

        def rename(tenant: Tenant) -> Tenant:
            return renaming.rename(tenant, slug=slug.lower(), name=name, by=by)

        before, after = self.changed(options, rename)
        facts = {
            "before": before.slug,
            "slug": after.slug,
            "name": after.name,
            "uuid": str(after.uuid),
            "domain": after.info().primary_domain,
            "dry_run": options["dry_run"],
        }
        self.say(options, facts, f"{before.slug} -> {after.slug} ({after.name})")

    def changed(
        self, options: Mapping[str, Any], change: Callable[[Tenant], Tenant]
    ) -> tuple[Tenant, Tenant]:
        """Change the named tenant, and return its rows before and after.

        With --dry-run all of it is done and taken back, so that what would be refused
        is refused.
        """
        before = find(options["tenant"])
        self.confirm(question(before, options), options)
        with transaction.atomic():
            after = change(find(options["tenant"]))
            after.info()  # while its domains are there
            transaction.set_rollback(options["dry_run"])
        return before, after

    def say(
        self, options: Mapping[str, Any], facts: Mapping[str, Any], line: str
    ) -> None:
        if options["as_json"]:
            self.print_json(facts)
        else:
            would = " (not done: --dry-run)" if options["dry_run"] else ""
            self.stdout.write(line + would)

    def confirm(self, question: str, options: Mapping[str, Any]) -> None:
        """Ask a person at a terminal; programs are taken at their word."""
        is_bound = options["yes"] or options["as_json"]
        if is_bound or options.get("dry_run") or not sys.stdin.isatty():
            return
        if asked(f"{question} [y/N] ") not in {"y", "yes"}:
            fail("Nothing was changed.", REFUSED)


def question(tenant: Tenant, options: Mapping[str, Any]) -> str:
    """Return what a person is asked, with what it is about."""
    words = f"{options['verb'].title()} {tenant}"
    if options["verb"] == "rename":
        words += f" to {options['new_slug'].lower()}"
    if options["verb"] == "maintenance":
        words = f"Let everybody into {tenant} again"
        if not options["off"]:
            words = (
                f"Keep everybody out of {tenant} for {span_words(options['lasting'])}"
            )
    return f"{words}?"


def asked(question: str) -> str:
    """Return what a person answers; the end of the input is no yes.

    What a verb prints may go into a file, so the question goes to stderr.
    """
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()
