"""`manage.py goflow_cron`: do all that is due, without Celery."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from django.core.management.base import CommandError

from tenants import scheduler
from tenants.context import TenantInfo
from tenants.management.over_tenants import FAILED, SOME_FAILED, OverTenants
from workflow.timers import Counts, counted

MAIL = "accounts.mail.outbox"


class Command(OverTenants):
    """Fires due timers and sends due mail, tenant by tenant; for a crontab line.

    Only tenants with something due are opened. Where none is named, the work of the
    platform itself is done too, such as a set-up that was interrupted.
    Exit codes: 0 done, 1 failed, 2 wrong usage or no tenant, 3 some tenants failed and
    the others were done.
    """

    help = "Fire due timers and send due mail, of all tenants or of some."
    is_for_all = True
    needs_tenants = False

    def done(
        self,
        chosen: list[TenantInfo],
        *,
        named: bool,
        as_json: bool,
        **options: Any,  # noqa: ARG002 - the flags of Django
    ) -> Iterator[tuple[TenantInfo, dict[str, Any]]]:
        """Do all that is due, and yield what that was; at the end, say the sum."""
        only = [one.uuid for one in chosen] if named else None
        with counted() as tally:
            result = scheduler.run_all_inline(only=only)
        total = Counts()
        for one in chosen:
            counts = tally.by_tenant.get(one.uuid, Counts())
            total.add(counts)
            yield one, facts_of(one, counts, result)
        if not as_json:
            self.stdout.write(summary(asdict(total)))
        if any(what.startswith("control:") for what in result.failed):
            is_good = any(not failures(one, result) for one in chosen)
            code = SOME_FAILED if is_good else FAILED
            raise CommandError(f"Failed: {', '.join(result.failed)}", returncode=code)

    def tell(
        self, tenant: TenantInfo, facts: dict[str, Any], *, as_json: bool, several: bool
    ) -> None:
        """Print a line for each tenant where something was done, beside the sum."""
        was_busy = several and any(facts[name] for name in COUNTED)
        if as_json or was_busy or "error" in facts:
            super().tell(tenant, facts, as_json=as_json, several=several)

    def lines(self, facts: dict[str, Any]) -> list[str]:
        return [summary(facts)]


COUNTED = tuple(field.name for field in fields(Counts))


def facts_of(
    tenant: TenantInfo, counts: Counts, result: scheduler.TickResult
) -> dict[str, Any]:
    """Return what was done in a tenant, and what failed there."""
    mails = result.ran.get(tenant.slug, {}).get(MAIL, 0)
    facts = {**asdict(counts), "mails": mails}
    failed = failures(tenant, result)
    return {**facts, "error": f"Failed: {', '.join(failed)}"} if failed else facts


def failures(tenant: TenantInfo, result: scheduler.TickResult) -> list[str]:
    """Return what failed in a tenant: a source of work, or all of it."""
    whose = (f"{tenant.slug}: ", str(tenant.uuid))
    return [what for what in result.failed if what.startswith(whose)]


def summary(facts: dict[str, Any]) -> str:
    """Return the seed's line."""
    words = ", ".join(f"{name}={facts[name]}" for name in COUNTED)
    return f"goflow_cron done: {words}"
