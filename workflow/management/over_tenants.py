"""Commands of the workflow about tenants: the flags and exit codes they share."""

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError

from tenants.context import TenantInfo
from tenants.management import finding
from tenants.management.planes import InPlane, in_one_line
from tenants.serving import serving

FAILED: Final = 1
WRONG_USAGE: Final = 2
SOME_FAILED: Final = 3


class WrongUsage(CommandError):
    """The command cannot be run like this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=WRONG_USAGE)


class OverTenants(InPlane):
    """A command that does its work in some tenants, one after another.

    Offer `in_tenant`; what it returns is printed, and `failed` in it makes the command
    end with 1. Exit codes: 0 done, 1 findings or failure, 2 wrong usage or no tenant,
    3 some tenants failed and the others were done.
    """

    plane = "control"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            metavar="SLUG",
            help="Only this tenant; may be given more than once.",
        )
        parser.add_argument(
            "--all-tenants", action="store_true", help="Every tenant that is served."
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
        **options: Any,
    ) -> None:
        chosen = self.chosen(tenant, all_tenants=all_tenants)
        self.prepare(chosen, as_json=as_json, **options)
        with_findings, failed = [], []
        for one in chosen:
            try:
                with serving(one):
                    facts = self.in_tenant(one, **options)
            except CommandError:
                raise
            except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
                failed.append(one.slug)
                facts = {"error": in_one_line(error)}
            if facts.get("findings"):
                with_findings.append(one.slug)
            self.tell(one, facts, as_json=as_json, several=len(chosen) > 1)
        self.end(len(chosen), failed, with_findings)

    def chosen(self, slugs: list[str], *, all_tenants: bool) -> list[TenantInfo]:
        """Return the tenants that are meant; the command ends with 2 otherwise."""
        if slugs and all_tenants:
            raise WrongUsage("Use --tenant or --all-tenants.")
        every = finding.all_served()
        if slugs:
            by_slug = {one.slug: one for one in every}
            missing = sorted(set(slugs) - set(by_slug))
            if missing:
                raise WrongUsage(f"There is no tenant {missing[0]!r} that is served.")
            return [by_slug[slug] for slug in dict.fromkeys(slugs)]
        if not every:
            raise WrongUsage("There is no tenant that is served.")
        if not all_tenants and len(every) > 1:
            raise WrongUsage("Say for which tenant: --tenant SLUG, or --all-tenants.")
        return every

    def end(self, count: int, failed: list[str], with_findings: list[str]) -> None:
        """End with the code that says how it went."""
        if failed:
            code = SOME_FAILED if len(failed) < count else FAILED
            raise CommandError(f"Failed: {', '.join(failed)}", returncode=code)
        if with_findings:
            where = ", ".join(with_findings)
            raise CommandError(f"Findings: {where}", returncode=FAILED)

    def tell(
        self, tenant: TenantInfo, facts: dict[str, Any], *, as_json: bool, several: bool
    ) -> None:
        """Print what came of one tenant."""
        if as_json:
            self.stdout.write(json.dumps({"tenant": tenant.slug, **facts}))
            return
        for line in [facts["error"]] if "error" in facts else self.lines(facts):
            self.stdout.write(f"{tenant.slug}: {line}" if several else line)

    # What a command says

    def prepare(
        self, chosen: list[TenantInfo], *, as_json: bool, **options: Any
    ) -> None:
        """Look at the options before anything is done; raise WrongUsage."""

    def in_tenant(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:
        """Do the work in one tenant, which is entered; return facts for JSON."""
        raise NotImplementedError

    def lines(self, facts: dict[str, Any]) -> list[str]:
        """Return the same in words."""
        raise NotImplementedError
