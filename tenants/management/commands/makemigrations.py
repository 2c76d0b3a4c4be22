"""`manage.py makemigrations`: Django's command; it looks at the control plane."""

import warnings
from typing import Any

from django.core.management.commands.makemigrations import Command as DjangoMake

from tenants.context import use_control


class Command(DjangoMake):
    def handle(self, *args: Any, **options: Any) -> None:
        with use_control(), warnings.catch_warnings():
            # Models are compared with files; a database that is away takes nothing off.
            warnings.filterwarnings("ignore", "Got an error checking a consistent")
            super().handle(*args, **options)
