"""What a run over the fleet would do: `manage.py tenant migrate --plan`."""

from typing import Any

from tenants.fleet import indexing, templates
from tenants.fleet.groups import Group
from tenants.fleet.ledger import Mode, State
from tenants.fleet.orders import Order, Outcome, Report
from tenants.fleet.survey import Survey, survey
from tenants.fleet.targets import Target, due_in_control


def look(order: Order) -> tuple[Survey, Report]:
    """Return what a run would do; nothing is written. Raises FleetAhead as it would."""
    target = Target(templates.find())
    due_in_control()  # which refuses a newer one
    found = survey(order, target)
    found.require_none_ahead()
    report = Report(
        revision=target.revision,
        groups=[
            {**facts(group), "warnings": indexing.warnings(group, target)}
            for group in found.groups
        ],
    )
    report.take(Outcome(one.tenant, State.SKIPPED) for one in found.current)
    report.take(
        Outcome(tenant, State.PENDING)
        for group in found.groups
        for tenant in group.members
    )
    report.waves = [
        {
            "wave": number,
            "until": wave.text,
            "tenants": sum(wave.end(len(group.members)) for group in found.groups),
        }
        for number, wave in enumerate(order.waves)
    ]
    return found, report


def facts(group: Group) -> dict[str, Any]:
    """Return what is told of a group."""
    return {
        "from": group.from_rev,
        "fingerprint": group.fingerprint,
        "tenants": len(group.members),
        "canary": group.canary.slug,
        "migrations": [f"{app}.{name}" for app, name in group.pending],
        "mode": Mode.PYTHON.value if group.obstacle else Mode.REPLAY.value,
        "obstacle": group.obstacle,
    }
