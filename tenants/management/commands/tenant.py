"""The verbs about one tenant.

`fleet_verbs.py` has those about all schemas, `portable_verbs.py` those that move
tenants.

`manage.py tenant create|list|show|suspend|resume|run|warm|drift`
"""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Final

from django.core.management.base import CommandParser
from django.db.models import Q

from tenants import events, hosts
from tenants.errors import ReasonMissing
from tenants.management import finding
from tenants.management.ends import REFUSED, fail
from tenants.management.finding import find
from tenants.management.fleet_verbs import FleetVerbs
from tenants.management.portable_verbs import PortableVerbs
from tenants.management.running import loaded, refuse, run_in
from tenants.management.verbs import actor, iso
from tenants.models import ProvisioningStep, Tenant
from tenants.provisioning import provision
from tenants.states import State, change_state

SORTS: Final = {"slug": "slug", "created": "-created_at", "state": "state"}


class Command(PortableVerbs, FleetVerbs):
    """Makes, lists, shows, stops and starts tenants, and runs commands in them.

    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 no such tenant, 4 refused,
    6 a schema differs from the template or an archive is damaged, 7 another process is
    at it.
    """

    plane = "control"
    help = "Make, list, show, suspend and resume tenants; run a command in one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs; all know --json, --yes and --actor."""
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

        create = self.verb(verbs, "create", "Make a tenant, all of it, now.")
        create.add_argument("slug", metavar="SLUG")
        create.add_argument("--name", help="What people read; by default the slug.")
        create.add_argument("--owner-email", required=True, metavar="ADDRESS")
        create.add_argument("--owner-name", default="", metavar="NAME")
        create.add_argument("--locale", default="en")
        create.add_argument("--timezone", default="UTC")
        create.add_argument(
            "--key", metavar="KEY", help="The same key gives the same tenant."
        )

        listed = self.verb(verbs, "list", "List the tenants.")
        listed.add_argument("--state", choices=State.values)
        listed.add_argument("--search", default="", metavar="TEXT")
        listed.add_argument("--sort", choices=sorted(SORTS), default="slug")
        listed.add_argument("--limit", type=count, default=1000, metavar="N")

        show = self.verb(verbs, "show", "Show one tenant.")
        show.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")

        for name, words in (
            ("suspend", "Stop a tenant: every path answers 423, nothing runs."),
            ("resume", "Start a suspended tenant again."),
        ):
            moved = self.verb(verbs, name, words)
            moved.add_argument(
                "tenant", metavar="TENANT", help="A slug, uuid or domain."
            )
            moved.add_argument(
                "--reason", required=name == "suspend", default="", metavar="TEXT"
            )

        run = self.verb(verbs, "run", "Run a command of Django in a tenant.")
        run.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        run.add_argument(
            "words", nargs="+", metavar="COMMAND", help="After --, with its arguments."
        )

        self.add_fleet_verbs(verbs)
        self.add_portable_verbs(verbs)

    def verb(self, verbs: Any, name: str, words: str) -> ArgumentParser:
        parser = super().verb(verbs, name, words)
        parser.add_argument("--yes", action="store_true", help="Ask no question.")
        parser.add_argument(
            "--actor", default="", metavar="NAME", help="Who does it, for the book."
        )
        return parser

    # Verbs

    def do_create(self, options: Mapping[str, Any]) -> None:
        slug = options["slug"]
        order = {
            "slug": slug,
            "name": options["name"] or slug.replace("-", " ").title(),
            "owner_email": options["owner_email"],
            "owner_name": options["owner_name"],
            "locale": options["locale"],
            "timezone": options["timezone"],
            "key": options["key"],
            "by": actor(options),
        }
        self.stderr.write(f"Making {slug} ...")
        tenant = provision(**order)
        run = tenant.runs.latest("started_at")
        steps = [step_facts(step) for step in run.steps.all()]
        facts = {**tenant_facts(tenant), "steps": steps}
        if options["as_json"]:
            self.print_json(facts)
            return
        rows = [(s["name"], s["state"], f"{s['seconds']:.2f} s") for s in steps]
        self.print_table(("STEP", "STATE", "TIME"), rows)
        self.stdout.write("")
        self.print_facts({k: facts[k] for k in ("slug", "uuid", "state", "url")})

    def do_list(self, options: Mapping[str, Any]) -> None:
        tenants = Tenant.objects.prefetch_related("domains")
        if options["state"]:
            tenants = tenants.filter(state=options["state"])
        if options["search"]:
            text = options["search"]
            tenants = tenants.filter(Q(slug__icontains=text) | Q(name__icontains=text))
        rows = [
            tenant_facts(tenant)
            for tenant in tenants.order_by(SORTS[options["sort"]], "slug")[
                : options["limit"]
            ]
        ]
        if options["as_json"]:
            self.print_json(rows)
            return
        columns = ("slug", "name", "state", "domain", "created")
        self.print_table(
            [column.upper() for column in columns],
            [[str(row[column]) for column in columns] for row in rows],
        )

    def do_show(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        facts = {**tenant_facts(tenant), **more_facts(tenant)}
        if options["as_json"]:
            self.print_json(facts)
        else:
            self.print_facts(facts)

    def do_suspend(self, options: Mapping[str, Any]) -> None:
        self.move(options, State.SUSPENDED)

    def do_resume(self, options: Mapping[str, Any]) -> None:
        if find(options["tenant"]).state == State.ARCHIVED:
            self.bring_back(options)
        else:
            self.move(options, State.ACTIVE)

    def do_run(self, options: Mapping[str, Any]) -> None:
        tenant = finding.served(options["tenant"])
        name, *arguments = options["words"]
        refuse(name, loaded(name))
        events.record(
            "tenant.command", by=actor(options), tenant=tenant.uuid, command=name
        )
        run_in(tenant, name, arguments, caller=self)

    def move(self, options: Mapping[str, Any], to: State) -> None:
        """Change a tenant's state and print both states."""
        reason = options["reason"].strip()
        if to == State.SUSPENDED and not reason:
            raise ReasonMissing
        before = find(options["tenant"])
        self.confirm(f"{options['verb'].title()} {before.slug}?", options)
        after = change_state(before, to, reason=reason, by=actor(options))
        facts = {
            "slug": after.slug,
            "uuid": str(after.uuid),
            "before": before.state,
            "state": after.state,
            "reason": after.state_reason,
        }
        if options["as_json"]:
            self.print_json(facts)
        else:
            self.stdout.write(f"{after.slug}: {before.state} -> {after.state}")

    # Output

    def confirm(self, question: str, options: Mapping[str, Any]) -> None:
        """Ask a person at a terminal; programs are taken at their word."""
        if options["yes"] or options["as_json"] or not sys.stdin.isatty():
            return
        if input(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
            fail("Nothing was changed.", REFUSED)

    def print_facts(self, facts: Mapping[str, Any]) -> None:
        width = max(map(len, facts))
        for name, value in facts.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            self.stdout.write(f"{name.ljust(width)}  {'-' if text is None else text}")


def count(text: str) -> int:
    """Return a number of rows, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def tenant_facts(tenant: Tenant) -> dict[str, Any]:
    info = tenant.info()
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "uuid": str(tenant.uuid),
        "state": tenant.state,
        "domain": info.primary_domain,
        "url": hosts.absolute_url("/", tenant=info),
        "created": iso(tenant.created_at),
    }


def more_facts(tenant: Tenant) -> dict[str, Any]:
    run = tenant.runs.order_by("-started_at").first()
    wake_up = getattr(tenant, "wake_up", None)
    return {
        "schema": tenant.schema_name,
        "state_since": iso(tenant.state_since),
        "state_reason": tenant.state_reason,
        "locale": tenant.locale,
        "timezone": tenant.timezone,
        "domains": [domain.domain for domain in tenant.domains.all()],
        "next_due": iso(wake_up.next_due) if wake_up else None,
        "run": str(run.pk) if run else None,
        "run_state": run.state if run else None,
    }


def step_facts(step: ProvisioningStep) -> dict[str, Any]:
    seconds = (
        (step.ended_at - step.started_at).total_seconds()
        if step.started_at and step.ended_at
        else 0.0
    )
    return {
        "name": step.name,
        "state": step.state,
        "attempts": step.attempts,
        "seconds": round(seconds, 3),
    }
