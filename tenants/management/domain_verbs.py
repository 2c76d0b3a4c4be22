"""The operator's verbs about customers' names.

`manage.py tenant domain add TENANT NAME | verify NAME | primary NAME | remove NAME`
"""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from tenants import domains
from tenants.domains import Outcome, Stage, edge, primary, rechecking
from tenants.domains.names import canonical, malformed
from tenants.domains.rechecking import Rechecked
from tenants.domains.verifying import look as looked_at
from tenants.errors import DomainInvalid, DomainUnknown, DomainUnverified
from tenants.management.arguments import may_be_tried
from tenants.management.domain_facts import (
    checked_facts,
    done_facts,
    dry,
    due_facts,
    facts_of,
    fresh,
    when,
)
from tenants.management.ends import CHECK_FAILED, WRONG_USAGE, fail
from tenants.management.finding import find
from tenants.management.verbs import Verbs, actor, iso
from tenants.models import Domain

#: What the outcome of a check means to a person.
WORDS: Final = {
    Outcome.FOUND: "found by both resolvers",
    Outcome.MISSING: "missing: there is no such record",
    Outcome.DIFFERING: "differing: the resolvers say different things; wait, try again",
    Outcome.UNREACHABLE: "unreachable: a resolver did not answer; try again",
}


class DomainVerbs(Verbs):
    """What a command needs for the verbs about customers' names."""

    if TYPE_CHECKING:  # the command has it

        def confirm(self, question: str, options: Mapping[str, Any]) -> None: ...

    def add_domain_verbs(self, verbs: Any) -> None:
        """Declare them, below `domain`."""
        domain = verbs.add_parser(
            "domain",
            help="Add, verify, choose and remove customers' names.",
            description="Add, verify, choose and remove customers' names.",
        )
        acts = domain.add_subparsers(dest="act", metavar="ACT", required=True)
        add = self.verb(acts, "add", "Claim a name for a tenant.")
        add.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        add.add_argument("name", metavar="NAME")
        may_be_tried(add)
        verify = self.verb(acts, "verify", "Ask the DNS whose a name is.")
        verify.add_argument("name", metavar="NAME", nargs="?")
        verify.add_argument(
            "--all-due", action="store_true", help="Look at all names whose day it is."
        )
        of_tenant(verify)
        may_be_tried(verify)
        chosen = self.verb(acts, "primary", "Make a name the one of all links.")
        chosen.add_argument("name", metavar="NAME")
        may_be_tried(chosen)
        remove = self.verb(acts, "remove", "Give a name up; it leads nowhere then.")
        remove.add_argument("name", metavar="NAME")
        remove.add_argument(
            "--release-now",
            action="store_true",
            help="Free for others at once, without the 30 days.",
        )
        of_tenant(remove)
        may_be_tried(remove)

    def do_domain(self, options: Mapping[str, Any]) -> None:
        run: Callable[[Mapping[str, Any]], None]
        run = getattr(self, f"domain_{options['act']}")
        run(options)

    def domain_add(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        with transaction.atomic():
            row = domains.claim(tenant=tenant, name=options["name"], by=actor(options))
            transaction.set_rollback(options["dry_run"])
        if options["as_json"]:
            # The token of a claim that is not kept would prove nothing.
            record = {"record": None} if options["dry_run"] else {}
            self.print_json({**facts_of(row), **record, **dry(options)})
            return
        if options["dry_run"]:
            self.stdout.write(f"{row.domain} would be claimed for {tenant.slug}.")
            self.say_dry(options)
            return
        self.stdout.write(f"{row.domain} of {tenant.slug} is {domains.stage(row)}.")
        self.print_record(row)
        self.stdout.write(f"Then: manage.py tenant domain verify {row.domain}")

    def domain_verify(self, options: Mapping[str, Any]) -> None:
        if bool(options["name"]) == options["all_due"]:
            fail("Name one domain, or say --all-due.", WRONG_USAGE)
        if options["all_due"]:
            self.verify_due(options)
            return
        rows = [row for row in wanted(options) if row.verification_token]
        if not rows:
            raise unknown(options)
        self.say_progress(f"Asking the DNS about {rows[0].domain} ...")
        act = looked_at if options["dry_run"] else verifying_as(actor(options))
        checked = verified_of(rows, act)
        if options["as_json"]:
            facts = [checked_facts(fresh(row), one) for row, one in checked]
            self.print_json([{**one, **dry(options)} for one in facts])
        else:
            for number, (row, one) in enumerate(checked):
                if number:
                    self.stdout.write("")
                self.print_checked(fresh(row), one)
            self.say_dry(options)
        if not any(one.is_found for _row, one in checked):
            fail(f"{rows[0].domain} is not verified.", CHECK_FAILED)

    def verify_due(self, options: Mapping[str, Any]) -> None:
        """Look at all that is due, in rounds, as the upkeep does."""
        done: list[Rechecked] = []
        while not options["dry_run"] and (found := rechecking.recheck_round()).taken:
            done.extend(found.done)
            self.say_progress(f"{len(done)} looked at ...")
        facts = due_facts() if options["dry_run"] else list(map(done_facts, done))
        if options["as_json"]:
            self.print_json(facts)
        else:
            columns = ("domain", "tenant", "outcome", "state")
            self.print_table(
                [column.upper() for column in columns],
                [[one[column] or "-" for column in columns] for one in facts],
            )
            self.say_dry(options)
        bad = [one.domain for one in done if one.outcome is not Outcome.FOUND]
        if bad:
            fail(f"{len(bad)} of {len(done)} failed: {', '.join(bad)}", CHECK_FAILED)

    def domain_primary(self, options: Mapping[str, Any]) -> None:
        rows = wanted(options)
        row = next((one for one in rows if one.verified_at), None)
        if row is None:
            raise DomainUnverified if rows else unknown(options)
        moved = primary.redirects(row)
        self.confirm(f"Make {row.domain} the name of all links?", options)
        with transaction.atomic():
            domains.make_primary(row, by=actor(options))
            transaction.set_rollback(options["dry_run"])
        if options["as_json"]:
            changes = [
                {"domain": name, "before": before or None, "after": row.domain}
                for name, before in moved
            ]
            self.print_json(
                {**facts_of(fresh(row)), **dry(options), "redirects": changes}
            )
            return
        self.stdout.write(f"{row.domain}: the primary domain of {row.tenant.slug}")
        if moved:
            self.print_table(
                ("PAGES OF", "LED TO", "LEAD TO"),
                [(name, before or name, row.domain) for name, before in moved],
            )
        self.say_dry(options)

    def domain_remove(self, options: Mapping[str, Any]) -> None:
        row = the_one_to_remove(options)
        led = "no longer leads to" if row.verified_at else "is no longer claimed by"
        self.confirm(f"Remove {row.domain} from {row.tenant.slug}?", options)
        with transaction.atomic():
            free_at = domains.remove(
                row, by=actor(options), now_free=options["release_now"]
            )
            transaction.set_rollback(options["dry_run"])
        if options["as_json"]:
            facts = {"domain": row.domain, "tenant": row.tenant.slug}
            self.print_json({**facts, "free_at": iso(free_at), **dry(options)})
            return
        self.stdout.write(
            f"{row.domain} {led} {row.tenant.slug}; free again: {when(free_at)}."
        )
        self.say_dry(options)

    # Output

    def print_record(self, row: Domain) -> None:
        """Print what the owner has to put into the DNS."""
        self.stdout.write("\nPut this record into its DNS:")
        self.stdout.write("")
        lines = (
            ("type", "TXT"),
            ("name", domains.record_name(row.domain)),
            ("value", domains.record_value(row.verification_token)),
        )
        for label, value in lines:
            self.stdout.write(f"  {label.ljust(5)}  {value}")
        self.stdout.write(f"\nand let {row.domain} lead to {edge.shown()}.")

    def print_checked(self, row: Domain, checked: domains.Checked) -> None:
        """Print what became of one claim."""
        self.stdout.write(
            f"{row.domain} of {row.tenant.slug}: {WORDS[checked.outcome]}"
        )
        if not checked.is_found:
            self.print_record(row)
        if checked.leads_here is False:
            self.stderr.write(
                f"Warning: {row.domain} does not lead to {edge.shown()},"
                " or not with all its addresses.",
                style_func=self.style.WARNING,
            )

    def say_dry(self, options: Mapping[str, Any]) -> None:
        if options["dry_run"]:
            self.stdout.write("Nothing was changed: --dry-run.")


def of_tenant(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--tenant",
        dest="of",
        metavar="TENANT",
        help="Whose row is meant where several tenants claim the name.",
    )


def wanted(options: Mapping[str, Any]) -> list[Domain]:
    """Return the rows about the named domain; raises DomainInvalid for no name."""
    host = canonical(options["name"])
    if host is None:
        raise DomainInvalid(malformed(options["name"]))
    rows = Domain.objects.select_related("tenant").filter(domain=host)
    if options.get("of"):
        rows = rows.filter(tenant=find(options["of"]))
    return list(rows.order_by("pk"))


def the_one_to_remove(options: Mapping[str, Any]) -> Domain:
    """Return the verified row, or the only other one that there is to remove."""
    rows = wanted(options)
    verified = [row for row in rows if row.verified_at]
    listed = [
        row
        for row in rows
        if options["release_now"] or domains.stage(row) is not Stage.RELEASED
    ]
    found: Sequence[Domain] = verified or listed
    if not found:
        raise unknown(options)
    if len(found) > 1:
        names = ", ".join(row.tenant.slug for row in found)
        fail(f"Several tenants have it; say --tenant: {names}", WRONG_USAGE)
    return found[0]


def verifying_as(by: str) -> Callable[[Domain], domains.Checked]:
    return lambda row: domains.verify(row, by=by)


def verified_of(
    rows: Sequence[Domain], act: Callable[[Domain], domains.Checked]
) -> list[tuple[Domain, domains.Checked]]:
    """Check the row that has the name; where none has, all, until one is proven."""
    done = []
    for row in [row for row in rows if row.verified_at] or rows:
        done.append((row, act(row)))
        if done[-1][1].is_found:
            break
    return done


def unknown(options: Mapping[str, Any]) -> DomainUnknown:
    return DomainUnknown(f"There is no domain {options['name']!r}.")
