"""`manage.py makemigrations`: Django's command; it looks at the control plane."""

import warnings
from typing import Any

from django.core.management.commands.makemigrations import Command as DjangoMake

from tenants.management.planes import InPlane


class Command(InPlane, DjangoMake):
    plane = "control"

    def handle(self, *args: Any, **options: Any) -> None:
        with warnings.catch_warnings():
            # Models are compared with files; a database that is away takes nothing off.
            warnings.filterwarnings("ignore", "Got an error checking a consistent")
            super().handle(*args, **options)
