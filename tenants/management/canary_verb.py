"""The verb that says who goes ahead of the fleet: `manage.py tenant canary`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenants.fleet import marking
from tenants.management.arguments import may_be_tried
from tenants.management.finding import find
from tenants.management.verbs import Verbs, actor


class CanaryVerb(Verbs):
    """What a command needs for the verb `canary`."""

    if TYPE_CHECKING:  # the command has it

        def say(
            self, options: Mapping[str, Any], facts: Mapping[str, Any], line: str
        ) -> None: ...

    def add_canary_verb(self, verbs: Any) -> None:
        """Declare it."""
        words = "Let a tenant go ahead of its group in every migration of the fleet."
        canary = self.verb(verbs, "canary", words)
        canary.add_argument("tenant", metavar="TENANT", help="A slug, uuid or domain.")
        canary.add_argument("--off", action="store_true", help="No longer.")
        may_be_tried(canary)

    def do_canary(self, options: Mapping[str, Any]) -> None:
        tenant, on = find(options["tenant"]), not options["off"]
        before = tenant.is_canary
        if on:
            marking.require_fit(tenant)
        if not options["dry_run"]:
            marking.mark(tenant, on=on, by=actor(options))
        facts = {
            "slug": tenant.slug,
            "uuid": str(tenant.uuid),
            "before": before,
            "canary": on,
            "changed": before != on and not options["dry_run"],
            "dry_run": options["dry_run"],
        }
        self.say(options, facts, f"{tenant.slug}: {worded(before)} -> {worded(on)}")


def worded(is_canary: object) -> str:
    return "canary" if is_canary else "no canary"
