from collections.abc import Sequence

from django.core.management import call_command


def make(sites: Sequence[str]) -> None:
    """Make the shared tables; tenants come one by one."""
    call_command("migrate_schemas", shared=True, verbosity=0)
