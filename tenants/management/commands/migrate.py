"""`manage.py migrate`: Django's command, on the control plane or in a context.

Without a context it works on the control plane; `migrate_schemas` goes through all.
"""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoMigrate

from tenants.context import current_or_none, use_control


class Command(DjangoMigrate):
    help = "Migrate the control plane. For all tenants too, use migrate_schemas."

    def handle(self, *args: Any, **options: Any) -> None:
        if current_or_none() is not None:
            super().handle(*args, **options)
            return
        with use_control():
            super().handle(*args, **options)
