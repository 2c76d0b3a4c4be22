"""`manage.py runserver`: the server that reloads; it looks at the control plane."""

from django.contrib.staticfiles.management.commands.runserver import (
    Command as DjangoRunserver,
)

from tenants.context import use_control
from tenants.management.planes import InPlane


class Command(InPlane, DjangoRunserver):
    plane = "none"  # each request enters a context of its own

    def check_migrations(self) -> None:
        with use_control():
            super().check_migrations()
