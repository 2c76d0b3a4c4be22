"""The verbs about one tenant.

`life_verbs.py` has those that change its state, `fleet_verbs.py` those about all
schemas, `portable_verbs.py` those that move tenants; the others are named alike.
"""

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import CommandParser
from django.db import transaction
from django.db.models import Q
from django.template.defaultfilters import filesizeformat

from tenants import events, hosts, lookup, signup
from tenants.context import TenantInfo
from tenants.fleet import revisions
from tenants.life import conduct
from tenants.management import finding
from tenants.management.arguments import key, may_be_tried, number
from tenants.management.canary_verb import CanaryVerb
from tenants.management.domain_verbs import DomainVerbs
from tenants.management.finding import find, url_of
from tenants.management.fleet_verbs import FleetVerbs
from tenants.management.life_verbs import LifeVerbs
from tenants.management.migrate_verb import MigrateVerb
from tenants.management.plan_verbs import PlanVerbs, limit_facts, use_words
from tenants.management.portable_verbs import PortableVerbs, coded
from tenants.management.running import loaded, refuse, run_in
from tenants.management.verbs import actor, iso
from tenants.management.work_verbs import WorkVerbs
from tenants.models import ProvisioningStep, Tenant
from tenants.plans import choosing
from tenants.provisioning import begin, provision
from tenants.states import WITH_SCHEMA, State
from tenants.watching import sizes

#: What `show --size` counts in bytes.
BYTES: Final = frozenset({"table_bytes", "file_bytes"})
SORTS: Final = {"slug": "slug", "created": "-created_at", "state": "state"}


class Command(
    LifeVerbs,
    DomainVerbs,
    FleetVerbs,
    MigrateVerb,
    CanaryVerb,
    PlanVerbs,
    PortableVerbs,
    WorkVerbs,
):
    """Makes, lists, shows, stops and starts tenants, and runs commands in them.

    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 no such tenant, 4 refused,
    5 some tenants failed, 6 a schema differs from the template or an archive is
    damaged, 7 another process is at it.
    """

    plane = "control"
    help = (
        "All that an operator does with tenants; each VERB knows --help."
        " Exit codes: 0 done, 1 unexpected, 2 wrong usage, 3 not found, 4 refused,"
        " 5 partly done, 6 a check failed, 7 another process is at it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs; all know --json, --yes and --actor."""
        verbs = self.verbs_of(parser)

        create = self.verb(verbs, "create", "Make a tenant, all of it, now.")
        create.add_argument("slug", metavar="SLUG")
        create.add_argument("--name", help="What people read; by default the slug.")
        create.add_argument("--owner-email", required=True, metavar="ADDRESS")
        create.add_argument("--owner-name", default="", metavar="NAME")
        create.add_argument("--locale", default="en")
        create.add_argument("--timezone", default="UTC")
        create.add_argument("--plan", default="", metavar="CODE", help="A plan's code.")
        create.add_argument(
            "--key",
            type=key,
            metavar="KEY",
            help="Given again with the same order, it gives the same tenant.",
        )
        create.add_argument(
            "--no-mail", action="store_true", help="Print the owner's link instead."
        )
        may_be_tried(create)

        listed = self.verb(
            verbs, "list", "List the tenants; purged ones with --state purged."
        )
        listed.add_argument("--state", choices=State.values)
        listed.add_argument("--plan", default="", metavar="CODE", help="A plan's code.")
        listed.add_argument("--search", default="", metavar="TEXT")
        listed.add_argument(
            "--behind",
            action="store_true",
            help="Only those whose schema is not of this code's revision.",
        )
        listed.add_argument("--sort", choices=sorted(SORTS), default="slug")
        listed.add_argument("--limit", type=number(1), default=1000, metavar="N")

        show = self.verb(verbs, "show", "Show one tenant.")
        show.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        show.add_argument(
            "--size", action="store_true", help="Count its tables, files and rows."
        )

        run = self.verb(verbs, "run", "Run a command of Django in a tenant.")
        run.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        run.add_argument(
            "words", nargs="+", metavar="COMMAND", help="After --, with its arguments."
        )

        self.add_life_verbs(verbs)
        self.add_domain_verbs(verbs)
        self.add_fleet_verbs(verbs)
        self.add_migrate_verb(verbs)
        self.add_canary_verb(verbs)
        self.add_plan_verbs(verbs)
        self.add_portable_verbs(verbs)
        self.add_work_verbs(verbs)

    def verb(self, verbs: Any, name: str, words: str) -> ArgumentParser:
        parser = super().verb(verbs, name, words)
        parser.add_argument("--yes", action="store_true", help="Ask no question.")
        parser.add_argument(
            "--actor", default="", metavar="NAME", help="Who does it, for the book."
        )
        return parser

    # Verbs

    def do_create(self, options: Mapping[str, Any]) -> None:
        order = order_of(options)
        if options["dry_run"]:
            self.say_order(order, options)
            return
        self.say_progress(f"Making {order['slug']} ...")
        with coded():
            tenant = provision(**order)
        run = tenant.runs.latest("started_at")
        steps = [step_facts(step) for step in run.steps.all()]
        info = tenant.info()
        facts = {**tenant_facts(tenant, info), "steps": steps}
        if options["no_mail"]:
            facts["invitation"] = signup.entry_of(info)
        if options["as_json"]:
            self.print_json(facts)
            return
        rows = [(s["name"], s["state"], f"{s['seconds']:.2f} s") for s in steps]
        self.print_table(("STEP", "STATE", "TIME"), rows)
        self.stdout.write("")
        shown = ("slug", "uuid", "state", "url", "invitation")
        self.print_facts({name: facts[name] for name in shown if name in facts})

    def say_order(self, order: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        """Print what would be made: it is reserved, and given back."""
        with coded(), transaction.atomic():
            run = begin(**order, background=False)
            facts = {
                "slug": run.slug,
                "name": run.order["name"],
                "plan": run.tenant.plan.code
                if run.tenant and run.tenant.plan
                else None,
                "domain": hosts.platform_domain(run.slug),
                "dry_run": True,
            }
            transaction.set_rollback(True)
        if options["as_json"]:
            self.print_json(facts)
        else:
            self.print_facts(facts)

    def do_list(self, options: Mapping[str, Any]) -> None:
        tenants = Tenant.objects.exclude(state=State.PURGED)
        if options["state"]:
            tenants = Tenant.objects.filter(state=options["state"])
        if options["plan"]:
            tenants = tenants.filter(plan=choosing.find(options["plan"]))
        if options["search"]:
            text = options["search"]
            tenants = tenants.filter(Q(slug__icontains=text) | Q(name__icontains=text))
        if options["behind"]:
            there = tenants.filter(state__in=WITH_SCHEMA)
            tenants = there.exclude(schema_rev=revisions.of_code())
        tenants = tenants.select_related("shadow_of")
        found = tenants.order_by(SORTS[options["sort"]], "slug")[: options["limit"]]
        infos = {info.uuid: info for info in lookup.infos(found)}
        # One that came or went between the two statements is left out.
        rows = [tenant_facts(t, infos[t.uuid]) for t in found if t.uuid in infos]
        if options["as_json"]:
            self.print_json(rows)
            return
        words = {str(info.uuid): words_of(info) for info in infos.values()}
        columns = ("slug", "name", "state", "plan", "domain", "revision", "created")
        self.print_table(
            [column.upper() for column in columns],
            [
                [cell(row, column) for column in columns]
                for row in ({**row, **words[row["uuid"]]} for row in rows)
            ],
        )

    def do_show(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        info = tenant.info()
        limits = limit_facts(tenant, info)
        facts = {**tenant_facts(tenant, info), **more_facts(tenant), **limits}
        if options["size"]:
            facts |= asdict(sizes.of(info))
        if options["as_json"]:
            self.print_json(facts)
        else:
            words = {name: filesizeformat(facts[name]) for name in BYTES & set(facts)}
            self.print_facts({**facts, **words, "quotas": use_words(limits["quotas"])})

    def do_resume(self, options: Mapping[str, Any]) -> None:
        """Let a tenant go on; one that is archived is imported again."""
        if find(options["tenant"]).state == State.ARCHIVED:
            self.bring_back(options)
        else:
            super().do_resume(options)

    def do_run(self, options: Mapping[str, Any]) -> None:
        tenant = finding.served(options["tenant"])
        name, *arguments = options["words"]
        refuse(name, loaded(name))
        events.record(
            "tenant.command", by=actor(options), tenant=tenant.uuid, command=name
        )
        run_in(tenant, name, arguments, caller=self)

    # Output

    def print_facts(self, facts: Mapping[str, Any]) -> None:
        width = max(map(len, facts))
        for name, value in facts.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            if isinstance(value, bool):
                text = "yes" if value else "no"
            is_nothing = text is None or text == ""
            self.stdout.write(f"{name.ljust(width)}  {'-' if is_nothing else text}")


def order_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `create` asks for."""
    slug = options["slug"]
    return {
        "slug": slug,
        "name": options["name"] or slug.replace("-", " ").title(),
        "owner_email": options["owner_email"],
        "owner_name": options["owner_name"],
        "locale": options["locale"],
        "timezone": options["timezone"],
        "plan": options["plan"],
        "key": options["key"],
        "mail": not options["no_mail"],
        "by": actor(options),
    }


def cell(row: Mapping[str, Any], column: str) -> str:
    """Return a cell of the list; a shadow has its live tenant for a domain."""
    if column == "domain" and row["shadow_of"]:
        return f"(shadow of {row['shadow_of']})"
    return str(row[column] or "-")


def tenant_facts(tenant: Tenant, info: TenantInfo) -> dict[str, Any]:
    return {
        "slug": tenant.slug,
        "name": tenant.name,
        "uuid": str(tenant.uuid),
        "state": tenant.state,
        "plan": info.limits.plan or None,
        "domain": info.primary_domain or None,
        "shadow_of": str(tenant.shadow_of) if tenant.shadow_of else None,
        "revision": tenant.schema_rev,
        "url": url_of(info),
        "created": iso(tenant.created_at),
    }


def words_of(info: TenantInfo) -> dict[str, str]:
    """Return what a table says otherwise: a name, the state with what lies over it.

    A purged tenant has no slug any more; its uuid leads to the certificate.
    """
    over = (
        (info.is_shadow, "shadow"),
        (conduct.in_maintenance(info), "maintenance"),
        (info.migration_hold, "held"),
    )
    state = ", ".join([info.state, *(word for lies, word in over if lies)])
    return {"slug": info.slug or str(info.uuid), "state": state}


def more_facts(tenant: Tenant) -> dict[str, Any]:
    run = tenant.runs.order_by("-started_at").first()
    wake_up = getattr(tenant, "wake_up", None)
    return {
        "schema": tenant.schema_name,
        "state_since": iso(tenant.state_since),
        "state_reason": tenant.state_reason,
        "maintenance_until": iso(tenant.maintenance_until),
        "migration_hold": tenant.migration_hold,
        "is_canary": tenant.is_canary,
        "trial_ends_at": iso(tenant.trial_ends_at),
        "purge_after": iso(tenant.purge_after),
        "shadows": [str(one) for one in tenant.shadows.exclude(state=State.PURGED)],
        "locale": tenant.locale,
        "timezone": tenant.timezone,
        "domains": [one.domain for one in tenant.domains.all() if one.verified_at],
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
