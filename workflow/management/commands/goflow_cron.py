"""`manage.py goflow_cron`: do all that is due, without Celery."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from tenants import scheduler
from tenants.management.planes import InPlane
from tenants.models import Tenant
from workflow.timers import Counts, Tally, counted

FAILED = 1
WRONG_USAGE = 2
SOME_FAILED = 3


class Command(InPlane):
    """Fires due timers and sends due mail, tenant by tenant; for a crontab line.

    Exit codes: 0 done, 1 failed, 2 wrong usage or no tenant, 3 some tenants failed and
    the others were done.
    """

    plane = "control"
    help = "Fire due timers and send due mail, of all tenants or of some."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            metavar="SLUG",
            help="Only this tenant; may be given more than once.",
        )
        parser.add_argument(
            "--all-tenants", action="store_true", help="Every tenant (the default)."
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Print JSON."
        )

    def handle(
        self,
        *args: Any,  # noqa: ARG002 - Django's signature
        tenant: list[str],
        all_tenants: bool,
        as_json: bool,
        **options: Any,  # noqa: ARG002 - as above
    ) -> None:
        if tenant and all_tenants:
            raise CommandError("Use --tenant or --all-tenants.", returncode=WRONG_USAGE)
        chosen = self.chosen(tenant)
        with counted() as tally:
            result = scheduler.run_all_inline(only=list(chosen) if tenant else None)
        names = self.names(tally) | chosen
        self.report(tally, names, result, as_json=as_json)
        if result.failed:
            broken = {entry.partition(":")[0] for entry in result.failed}
            done = set(result.ran) - broken
            raise CommandError(
                f"Failed: {', '.join(result.failed)}",
                returncode=SOME_FAILED if done else FAILED,
            )

    def chosen(self, slugs: list[str]) -> dict[UUID, str]:
        """Return the named tenants. Exits with 2 where one does not exist."""
        found = dict(Tenant.objects.filter(slug__in=slugs).values_list("uuid", "slug"))
        missing = sorted(set(slugs) - set(found.values()))
        if missing:
            raise CommandError(
                f"There is no tenant {missing[0]!r}.", returncode=WRONG_USAGE
            )
        return found

    def names(self, tally: Tally) -> dict[UUID, str]:
        rows = Tenant.objects.filter(uuid__in=list(tally.by_tenant))
        return dict(rows.values_list("uuid", "slug"))

    def report(
        self, tally: Tally, names: dict[UUID, str], result: Any, *, as_json: bool
    ) -> None:
        """Print a line for each tenant that was opened, and the sum."""
        total = Counts()
        for uuid, slug in sorted(names.items(), key=lambda pair: pair[1]):
            counts = tally.by_tenant.get(uuid, Counts())
            total.add(counts)
            if as_json:
                mails = result.ran.get(slug, {}).get("accounts.mail.outbox", 0)
                line = {"tenant": slug, **asdict(counts), "mails": mails}
                self.stdout.write(json.dumps(line))
            elif len(names) > 1:
                self.stdout.write(f"{slug}: {self.summary(counts)}")
        if not as_json:
            self.stdout.write(self.summary(total))

    def summary(self, counts: Counts) -> str:
        """Return the seed's line."""
        words = ", ".join(f"{name}={count}" for name, count in asdict(counts).items())
        return f"goflow_cron done: {words}"
