"""`manage.py purge_accounts`: let go of what nobody needs any more, at once."""

from collections.abc import Iterator
from typing import Any

from accounts import purging
from tenants.context import TenantInfo
from tenants.management.over_tenants import InEachTenant


class Command(InEachTenant):
    """Deletes pending accounts, codes, devices, events and the like past their time.

    The worker and `goflow_cron` do the same when it is due. Where no tenant is named,
    all are meant, and the operators' own schema too.
    Exit codes: 0 done, 1 failed, 2 wrong usage or no tenant, 3 some tenants failed and
    the others were done.
    """

    help = "Delete accounts that never came in, and old codes, devices and events."
    is_for_all = True
    needs_tenants = False

    def done(
        self,
        chosen: list[TenantInfo],
        *,
        named: bool,
        as_json: bool,
        **options: Any,
    ) -> Iterator[tuple[TenantInfo, dict[str, Any]]]:
        if not named:
            gone = purge()
            if not as_json and any(gone.values()):
                self.stdout.write(f"operators: {summary(gone)}")
        yield from super().done(chosen, named=named, as_json=as_json, **options)

    def in_tenant(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        return dict(purge())

    def lines(self, facts: dict[str, Any]) -> list[str]:
        return [summary(facts)]


def purge() -> dict[str, int]:
    """Delete batch after batch in the entered schema; return how many rows by name."""
    total: dict[str, int] = {}
    while True:
        gone = purging.run()
        total = {name: total.get(name, 0) + count for name, count in gone.items()}
        if max(gone.values()) < purging.BATCH:
            return total


def summary(facts: dict[str, Any]) -> str:
    """Return what went, in one line."""
    words = ", ".join(f"{name}={count}" for name, count in facts.items() if count)
    return f"deleted {words}" if words else "nothing to delete"
