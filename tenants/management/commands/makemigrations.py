"""`manage.py makemigrations`: Django's command; it looks at the control plane."""

from typing import Any

from django.core.management.commands.makemigrations import Command as DjangoMake

from tenants.context import use_control


class Command(DjangoMake):
    def handle(self, *args: Any, **options: Any) -> None:
        with use_control():
            super().handle(*args, **options)
