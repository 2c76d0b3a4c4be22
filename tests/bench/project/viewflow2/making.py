from collections.abc import Sequence

from django.contrib.auth.models import User
from django.core.management import call_command
from steps.client import names


def make(words: Sequence[str]) -> None:
    """Make the tables and the people; the flow is code."""
    call_command("migrate", verbosity=0)
    User.objects.bulk_create(User(username=name) for name in names())
