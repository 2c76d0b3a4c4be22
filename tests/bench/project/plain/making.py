from collections.abc import Sequence

from desk import rows
from django.core.management import call_command


def make(sites: Sequence[str]) -> None:
    """Make the tables, with the rows of the first site."""
    call_command("migrate", verbosity=0)
    rows.fill(sites[0])
