"""What the commands of the workflow share: for which tenants, how told, how ended.

    --tenant SLUG (repeatable), --all-tenants, --json

With neither flag the only tenant is meant, where there is one.
Exit codes: 0 done, 1 findings or failure, 2 wrong usage or no tenant, 3 some tenants
failed and the others were done.
"""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.management.base import CommandError

from kernel.errors import ApplicationError
from tenants.context import TenantInfo
from tenants.management import finding
from tenants.management.planes import InPlane
from tenants.serving import serving

FAILED: Final = 1
WRONG_USAGE: Final = 2
SOME_FAILED: Final = 3


@dataclass(frozen=True)
class Told:
    """What a command has to say about one tenant."""

    lines: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    #: Whether there is nothing that a person has to look at.
    is_good: bool = True


class InSomeTenants(InPlane):
    """A command that does the same in each of the tenants that were named."""

    plane = "control"

    def work(self, *args: Any, **options: Any) -> Told:
        """Do it in the entered tenant; an ApplicationError is a failure there."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant",
            action="append",
            default=[],
            metavar="SLUG",
            help="Only this tenant; may be given more than once.",
        )
        parser.add_argument("--all-tenants", action="store_true", help="Every tenant.")
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
        """Do it in each tenant; one that fails stops no other."""
        chosen = self.chosen(tenant, all_tenants=all_tenants)
        failed = []
        for info in chosen:
            told = self.told(info, options)
            self.say(info, told, as_json=as_json, alone=len(chosen) == 1)
            if not told.is_good:
                failed.append(info.slug)
        if failed:
            code = SOME_FAILED if len(failed) < len(chosen) else FAILED
            raise CommandError(f"Not all is well: {', '.join(failed)}", returncode=code)

    def chosen(self, slugs: list[str], *, all_tenants: bool) -> list[TenantInfo]:
        """Return the tenants that are meant. Exits with 2 where none is."""
        if slugs and all_tenants:
            raise CommandError("Use --tenant or --all-tenants.", returncode=WRONG_USAGE)
        served = {info.slug: info for info in finding.all_served()}
        if slugs:
            missing = sorted(set(slugs) - served.keys())
            if missing:
                raise CommandError(
                    f"There is no tenant {missing[0]!r}.", returncode=WRONG_USAGE
                )
            return [served[slug] for slug in dict.fromkeys(slugs)]
        if not all_tenants and len(served) != 1:
            raise CommandError(
                "Say for which tenant: --tenant SLUG or --all-tenants.",
                returncode=WRONG_USAGE,
            )
        return list(served.values())

    def told(self, info: TenantInfo, options: dict[str, Any]) -> Told:
        try:
            with serving(info):
                return self.work(**options)
        except ApplicationError as problem:
            return Told((problem.detail,), {"error": problem.detail}, is_good=False)

    def say(self, info: TenantInfo, told: Told, *, as_json: bool, alone: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"tenant": info.slug, **told.values}))
            return
        for line in told.lines:
            self.stdout.write(line if alone else f"{info.slug}: {line}")
