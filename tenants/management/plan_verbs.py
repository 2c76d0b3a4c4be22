"""The operator's verbs about plans: `manage.py tenant plan list|set`."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import Error, transaction

from kernel.errors import ApplicationError
from tenants import states
from tenants.context import TenantInfo, use
from tenants.management.arguments import may_be_tried
from tenants.management.finding import find
from tenants.management.verbs import Verbs, actor
from tenants.models import Plan, Tenant
from tenants.plans import choosing, quotas

logger = logging.getLogger(__name__)

#: How a tenant is put on no plan at all.
NONE: Final = "-"


class PlanVerbs(Verbs):
    """What a command needs for the verbs about plans."""

    if TYPE_CHECKING:  # the command has them

        def confirm(self, question: str, options: Mapping[str, Any]) -> None: ...

        def say(
            self, options: Mapping[str, Any], facts: Mapping[str, Any], line: str
        ) -> None: ...

    def add_plan_verbs(self, verbs: Any) -> None:
        """Declare them."""
        words = "List plans; put a tenant on one."
        plan = verbs.add_parser("plan", help=words, description=words)
        inner = plan.add_subparsers(dest="plan_verb", metavar="VERB", required=True)
        self.verb(inner, "list", "List the plans, with their quotas and tenants.")
        put = self.verb(inner, "set", "Put a tenant on a plan.")
        put.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        put.add_argument("plan", metavar="CODE", help="A plan's code; - for none.")
        may_be_tried(put)

    def do_plan(self, options: Mapping[str, Any]) -> None:
        verbs = {"list": self.list_plans, "set": self.set_plan}
        verbs[options["plan_verb"]](options)

    def list_plans(self, options: Mapping[str, Any]) -> None:
        on = Counter(Tenant.objects.values_list("plan", flat=True))
        found = Plan.objects.prefetch_related("quotas", "features")
        rows = [plan_facts(plan, tenants=on[plan.pk]) for plan in found]
        if options["as_json"]:
            self.print_json(rows)
            return
        if not rows:
            self.say_progress("No plan yet: operators make them in the console.")
            return
        columns = ("code", "name", "requests_per_minute", "quotas", "tenants")
        self.print_table(
            [column.upper().replace("_", " ") for column in columns],
            [[worded(row[column]) for column in columns] for row in rows],
        )

    def set_plan(self, options: Mapping[str, Any]) -> None:
        tenant = find(options["tenant"])
        plan = None if options["plan"] == NONE else choosing.find(options["plan"])
        before = tenant.plan.code if tenant.plan else None
        after = plan.code if plan else None
        self.confirm(f"Put {tenant.slug} on {after or 'no plan'}?", options)
        if not options["dry_run"]:
            choosing.put_on(tenant, plan, by=actor(options))
        facts = {
            "slug": tenant.slug,
            "uuid": str(tenant.uuid),
            "before": before,
            "plan": after,
            "changed": before != after and not options["dry_run"],
            "dry_run": options["dry_run"],
        }
        line = f"{tenant.slug}: plan {before or NONE} -> {after or NONE}"
        self.say(options, facts, line)


def plan_facts(plan: Plan, *, tenants: int) -> dict[str, Any]:
    return {
        "code": plan.code,
        "name": plan.name,
        "statement_timeout_ms": plan.statement_timeout_ms,
        "lock_timeout_ms": plan.lock_timeout_ms,
        "requests_per_minute": plan.requests_per_minute,
        "quotas": {
            quota.resource: {"limit": quota.limit, "hard": quota.hard}
            for quota in plan.quotas.all()
        },
        "features": {feature.code: feature.value for feature in plan.features.all()},
        "tenants": tenants,
    }


def worded(value: Any) -> str:
    """Return a value of a plan for a table."""
    if isinstance(value, dict):
        return " ".join(f"{name}={one['limit']}" for name, one in value.items()) or "-"
    return "-" if value is None else str(value)


def limit_facts(tenant: Tenant, info: TenantInfo) -> dict[str, Any]:
    """Return a tenant's plan, its limits and what it uses, for `tenant show`.

    What it uses is None where its tables cannot be read, as in no state but a served.
    """
    limits = info.limits
    return {
        "plan": limits.plan or None,
        "statement_timeout_ms": limits.statement_timeout_ms,
        "lock_timeout_ms": limits.lock_timeout_ms,
        "requests_per_minute": limits.requests_per_minute,
        "features": [code for code, _value in limits.features],
        "quotas": use_facts(info) if states.is_served(tenant.state) else None,
    }


def use_facts(info: TenantInfo) -> dict[str, Any] | None:
    try:
        with use(info), transaction.atomic():
            found = quotas.uses()
    except (Error, ApplicationError, OSError):
        logger.exception("quotas.not_counted", extra={"for": str(info.uuid)})
        return None
    return {
        one.resource: {"used": one.used, "limit": one.limit, "hard": one.hard}
        for one in found
    }


def use_words(facts: Mapping[str, Any] | None) -> list[str] | None:
    """Return what is used in words for people."""
    if facts is None:
        return None
    return [
        f"{name} {one['used']}" + ("" if one["limit"] is None else f"/{one['limit']}")
        for name, one in facts.items()
    ]
