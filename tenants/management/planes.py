"""Where a command works: it starts in no context, and says what it is for.

    class Command(InPlane):
        plane = "control"   # the public schema
        plane = "tenant"    # one tenant: --tenant TENANT
        plane = "each"      # every served tenant, one after another
        plane = "none"      # no data at all

Commands of Django and of others say nothing; `manage.py tenant run` enters for them.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.carrying.serving import serving
from tenants.context import TenantInfo, current_or_none, use_control
from tenants.management import finding
from tenants.management.ends import (
    NO_DATABASE,
    PARTLY_DONE,
    WRONG_USAGE,
    fail,
    is_away,
)

Plane = Literal["control", "tenant", "each", "none"]


class InPlane(BaseCommand):
    """A command that is run in the plane it declares.

    With `each`, a tenant that fails stops no other; the command ends with 5 then.
    Where no database answers it ends with 1 and a line that says so.
    """

    plane: ClassVar[Plane]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if getattr(self, "plane", None) not in get_args(Plane):
            planes = ", ".join(get_args(Plane))
            raise TypeError(f"{type(self)} needs a plane: one of {planes}.")
        super().__init__(*args, **kwargs)

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        """Add what the plane has to know."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if self.plane == "tenant":
            parser.add_argument(
                "--tenant", metavar="TENANT", help="A slug, uuid or domain."
            )
        return parser

    def execute(self, *args: Any, **options: Any) -> Any:
        """Enter the plane and run there."""
        try:
            return self.execute_in_plane(*args, **options)
        except Exception as error:
            if is_away(error):
                fail(NO_DATABASE, 1)
            raise

    def execute_in_plane(self, *args: Any, **options: Any) -> Any:
        if self.plane == "each":
            return self.execute_each(*args, **options)
        if self.plane == "control":
            with use_control():
                return super().execute(*args, **options)
        if self.plane == "tenant":
            with serving(wanted(options.get("tenant"))):
                return super().execute(*args, **options)
        return super().execute(*args, **options)

    def execute_each(self, *args: Any, **options: Any) -> None:
        """Run once for each served tenant; the checks of Django run once."""

        def run(tenant: TenantInfo) -> None:
            with serving(tenant):
                super(InPlane, self).execute(*args, **options)
            options["skip_checks"] = True

        def said(line: str) -> None:
            self.stdout.write(line)  # known only once a run has begun

        for_each(finding.all_served(), run, said=said)


def wanted(name: str | None) -> TenantInfo:
    """Return the tenant of --tenant, or the one that is entered already."""
    context = current_or_none()
    entered = context if isinstance(context, TenantInfo) else None
    if name is None and entered is None:
        fail("Say for which tenant: --tenant TENANT.", WRONG_USAGE)
    tenant = finding.served(name) if name is not None else entered
    assert tenant is not None  # noqa: S101 - one of both is there
    if entered is not None and entered.uuid != tenant.uuid:
        fail("This runs for another tenant than --tenant says.", WRONG_USAGE)
    return tenant


def for_each(
    tenants: Iterable[TenantInfo],
    run: Callable[[TenantInfo], object],
    *,
    said: Callable[[str], object],
) -> None:
    """Run for each tenant. Raises CommandError with 5 where some failed.

    `said` gets a line for each that failed.
    """
    failed = []
    for tenant in tenants:
        try:
            run(tenant)
        except Exception as error:  # noqa: BLE001 - one tenant's failure is reported, not raised
            failed.append(tenant.slug)
            said(f"{tenant.slug}: failed, {in_one_line(error)}")
    if failed:
        names = ", ".join(failed)
        raise CommandError(f"{len(failed)} failed: {names}", returncode=PARTLY_DONE)


def in_one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
