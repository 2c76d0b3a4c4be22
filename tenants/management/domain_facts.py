"""What the verbs about customers' names say of one, in words and for JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tenants import domains
from tenants.domains import edge, rechecking, records
from tenants.domains.rechecking import Rechecked
from tenants.management.verbs import iso
from tenants.models import Domain


def done_facts(one: Rechecked) -> dict[str, Any]:
    return {
        "domain": one.domain,
        "tenant": one.tenant,
        "outcome": one.outcome.value,
        "state": one.stage.value,
    }


def due_facts() -> list[dict[str, Any]]:
    """Return the names that would be looked at."""
    return [
        {
            "domain": row.domain,
            "tenant": row.tenant.slug,
            "outcome": None,
            "state": domains.stage(row).value,
        }
        for row in rechecking.due()
    ]


def dry(options: Mapping[str, Any]) -> dict[str, bool]:
    return {"dry_run": options["dry_run"]}


def when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "now"


def record_of(row: Domain) -> dict[str, str] | None:
    """Return what proves a name; None of the platform's, which need no proof."""
    if not row.verification_token:
        return None
    return {
        "type": "TXT",
        "name": domains.record_name(row.domain),
        "value": domains.record_value(row.verification_token),
    }


def facts_of(row: Domain) -> dict[str, Any]:
    return {
        "domain": row.domain,
        "tenant": row.tenant.slug,
        "state": domains.stage(row).value,
        "primary": row.is_primary,
        "verified_at": iso(row.verified_at),
        "record": record_of(row),
        "leads_to": edge.shown(),
        "claim_ends": None
        if row.verified_at
        else iso(row.claimed_at + records.CLAIM_DAYS),
    }


def checked_facts(row: Domain, checked: domains.Checked) -> dict[str, Any]:
    return {
        **facts_of(row),
        "outcome": checked.outcome.value,
        "leads_here": checked.leads_here,
    }


def fresh(row: Domain) -> Domain:
    """Return the row as it is now."""
    row.refresh_from_db()
    return row
