"""`manage.py goflow_audit_verify`: tell whether the audit trail was tampered with."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from kernel.numbers import LARGEST_ID
from tenants.context import TenantInfo
from tenants.management.over_tenants import InEachTenant, WrongUsage
from workflow import verification
from workflow.errors import InstantInvalid
from workflow.history import instant


class Command(InEachTenant):
    """Names of each chain the first row that was changed, removed, put in or moved.

    Exit codes: 0 clean, 1 findings or failure, 2 wrong usage or no tenant, 3 some
    tenants failed and the others were looked at.
    """

    help = "Check the hash chains of the audit trail, and the anchors over them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since",
            metavar="INSTANT",
            help="Believe what is older, such as 2026-08-03 or 2026-08-03T10:00Z.",
        )
        parser.add_argument(
            "--instance",
            type=int,
            metavar="ID",
            help="Only the chain of this instance; of one tenant.",
        )

    def prepare(
        self,
        chosen: list[TenantInfo],
        *,
        as_json: bool,  # noqa: ARG002 - the base's signature
        **options: Any,
    ) -> None:
        number = options["instance"]
        if number is not None and len(chosen) > 1:
            raise WrongUsage("An instance is of one tenant: use --tenant.")
        if number is not None and not 0 < number <= LARGEST_ID:
            raise WrongUsage("--instance is the number of an instance.")
        since_of(options)

    def in_tenant(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        report = verification.verify(
            since=since_of(options), instance_id=options["instance"]
        )
        if options["instance"] and not report.chains:
            raise WrongUsage("There is no instance with this number.")
        return report.as_json()

    def lines(self, facts: dict[str, Any]) -> list[str]:
        found = [str(verification.Finding(**finding)) for finding in facts["findings"]]
        if facts["is_cut_short"]:
            found.append("There is more; it stopped here.")
        counts = (
            f"{facts['events']} events in {facts['chains']} chains, and"
            f" {facts['anchors']} anchors"
        )
        if not found:
            found.append(f"The audit trail is whole: {counts}.")
        else:
            found.append(f"{len(facts['findings'])} findings: {counts}.")
        head = facts["head"]
        if head["seq"]:
            found.append(
                f"The tenant's chain ends at row {head['seq']}: {head['hash']}"
            )
        return found


def since_of(options: dict[str, Any]) -> datetime | None:
    """Return the instant of --since; of a date, its beginning in the tenant's zone."""
    text = options["since"]
    if text is None:
        return None
    try:
        return instant(text)
    except InstantInvalid as error:
        raise WrongUsage(f"--since: {error.detail}") from None
