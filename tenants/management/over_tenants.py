"""What commands over tenants share: for which tenants, how told, how ended.

    --tenant SLUG (repeatable), --all-tenants, --json

With neither of the first two the only tenant is meant, where there is one.
"""

import json
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from django.core.management.base import CommandError

from kernel.errors import ApplicationError
from tenants.carrying.serving import serving
from tenants.context import TenantInfo
from tenants.db import wear
from tenants.management import finding
from tenants.management.planes import InPlane, in_one_line

FAILED: Final = 1
WRONG_USAGE: Final = 2
SOME_FAILED: Final = 3


class WrongUsage(CommandError):
    """The command cannot be run like this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=WRONG_USAGE)


class OverTenants(InPlane, ABC):
    """A command that does its work for some tenants.

    Offer `done`; what it yields is printed as it is with --json, and in the words of
    `lines` otherwise.
    Exit codes: 0 done, 1 findings or failure, 2 wrong usage or no tenant, 3 some
    tenants failed and the others were done.
    """

    plane = "control"
    #: Whether all tenants are meant where none is named.
    is_for_all: ClassVar[bool] = False
    #: Whether there is nothing to do before there is a tenant.
    needs_tenants: ClassVar[bool] = True

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
        work = self.done(chosen, named=bool(tenant), as_json=as_json, **options)
        for one, facts in work:
            if "error" in facts:
                failed.append(one.slug)
            elif self.has_findings(facts):
                with_findings.append(one.slug)
            self.tell(one, facts, as_json=as_json, several=len(chosen) > 1)
            wear.renew()
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
        if not every and self.needs_tenants:
            raise WrongUsage("There is no tenant that is served.")
        if len(every) > 1 and not (all_tenants or self.is_for_all):
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

    def has_findings(self, facts: dict[str, Any]) -> bool:
        """Tell whether a person has to look at what came of a tenant."""
        return bool(facts.get("findings"))

    @abstractmethod
    def done(
        self, chosen: list[TenantInfo], *, named: bool, as_json: bool, **options: Any
    ) -> Iterator[tuple[TenantInfo, dict[str, Any]]]:
        """Do the work; yield what came of each tenant, an `error` where it failed."""

    @abstractmethod
    def lines(self, facts: dict[str, Any]) -> list[str]:
        """Return what came of a tenant in words."""


class InEachTenant(OverTenants):
    """A command over tenants that enters one after another; offer `in_tenant`.

    One tenant that fails stops no other.
    """

    def done(
        self,
        chosen: list[TenantInfo],
        *,
        named: bool,  # noqa: ARG002 - for a command that does all at once
        as_json: bool,  # noqa: ARG002 - as above
        **options: Any,
    ) -> Iterator[tuple[TenantInfo, dict[str, Any]]]:
        for one in chosen:
            yield one, self.found(one, **options)

    def found(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:
        """Enter one tenant and do the work there; return what came of it."""
        try:
            with serving(tenant):
                return self.in_tenant(tenant, **options)
        except CommandError:
            raise
        except ApplicationError as problem:
            return {"error": problem.detail}
        except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
            return {"error": in_one_line(error)}

    @abstractmethod
    def in_tenant(self, tenant: TenantInfo, **options: Any) -> dict[str, Any]:
        """Do the work in one tenant, which is entered; return facts for JSON."""
