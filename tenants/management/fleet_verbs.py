"""The operator's verbs about all schemas: `manage.py tenant warm|drift`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings

from tenants import fleet
from tenants.fleet.drift import Looked, look
from tenants.management.arguments import number
from tenants.management.ends import CHECK_FAILED, REFUSED, fail
from tenants.management.finding import find
from tenants.management.verbs import Verbs, iso
from tenants.models import SchemaTemplate, WarmSchema

#: As in the settings.
MOST_WARM: Final = 100


class FleetVerbs(Verbs):
    """What a command needs for the verbs about all schemas."""

    def add_fleet_verbs(self, verbs: Any) -> None:
        """Declare them."""
        warm = self.verb(verbs, "warm", "Make schemas that wait for new tenants.")
        warm.add_argument(
            "--target",
            type=number(0, MOST_WARM),
            metavar="N",
            help="How many; by default the setting.",
        )
        warm.add_argument(
            "--compile", action="store_true", help="Compile the template if need be."
        )
        warm.add_argument(
            "--drop-stale",
            action="store_true",
            help="Drop what waits in vain; no more.",
        )
        drift = self.verb(
            verbs, "drift", "Name the schemas that are not as the code's."
        )
        drift.add_argument(
            "--only", nargs="+", metavar="TENANT", help="Slugs, uuids or domains."
        )

    def do_warm(self, options: Mapping[str, Any]) -> None:
        target = settings.TENANT_WARM_TARGET
        if options["target"] is not None:
            target = options["target"]
        if options["compile"]:
            fleet.compile_template()
        present_template()
        fleet.fill_pool(0 if options["drop_stale"] else target)
        # One that was claimed is a tenant's by now.
        waiting = WarmSchema.objects.exclude(state=WarmSchema.State.CLAIMED)
        rows = [warm_facts(row) for row in waiting.order_by("state_since")]
        if options["as_json"]:
            self.print_json(rows)
            return
        columns = ("schema", "revision", "state", "since")
        self.print_table(
            [column.upper() for column in columns],
            [[row[column] for column in columns] for row in rows],
        )

    def do_drift(self, options: Mapping[str, Any]) -> None:
        template = present_template()
        tenants = fleet.with_schema()
        if options["only"]:
            tenants = [find(name).info() for name in options["only"]]
        looked = list(look(tenants, template))
        if options["as_json"]:
            self.print_json([drift_facts(one) for one in looked])
        else:
            self.print_drift(looked)
        bad = [one.tenant.slug for one in looked if not one.is_sound]
        if bad:
            fail(f"{len(bad)} of {len(looked)} differ: {', '.join(bad)}", CHECK_FAILED)

    def print_drift(self, looked: Sequence[Looked]) -> None:
        """Print the groups of equal schemas, and below what differs in each other."""
        groups: dict[str, list[str]] = {}
        for one in looked:
            groups.setdefault(one.fingerprint or "no schema", []).append(
                one.tenant.slug
            )
        self.print_table(
            ("FINGERPRINT", "TENANTS", "FOR EXAMPLE"),
            [
                (word[:12], str(len(slugs)), ", ".join(slugs[:3]))
                for word, slugs in sorted(groups.items(), key=lambda one: -len(one[1]))
            ],
        )
        for one in looked:
            for found in one.differences:
                sign = "lacks" if found.is_missing else "has"
                self.stdout.write(
                    f"{one.tenant.slug} {sign} {found.name}: {found.text}"
                )


def present_template() -> SchemaTemplate:
    """Return the template of the code; the command ends with 4 where there is none."""
    found = fleet.find_template()
    if found is None:
        fail("No template is compiled yet: run tenant warm --compile.", REFUSED)
    return found


def warm_facts(row: WarmSchema) -> dict[str, str]:
    return {
        "schema": row.schema_name,
        "revision": row.revision,
        "state": row.state,
        "since": iso(row.state_since) or "",
    }


def drift_facts(looked: Looked) -> dict[str, Any]:
    return {
        "slug": looked.tenant.slug,
        "fingerprint": looked.fingerprint,
        "lacks": [[one.name, one.text] for one in looked.differences if one.is_missing],
        "has": [
            [one.name, one.text] for one in looked.differences if not one.is_missing
        ],
    }
