"""`manage.py migrate`: Django's command, on the control plane or in a context.

Without a context it works on the control plane; `migrate_schemas` goes through all.
"""

from typing import Any, ClassVar

from django.core.management.commands.migrate import Command as DjangoMigrate

from tenants import roles
from tenants.context import TenantInfo, current_or_none, use_control
from tenants.fleet import owned
from tenants.management.planes import Plane


class Command(DjangoMigrate):
    plane: ClassVar[Plane] = "control"
    help = "Migrate the control plane. For all tenants too, use migrate_schemas."

    def handle(self, *args: Any, **options: Any) -> None:
        context = current_or_none()
        if isinstance(context, TenantInfo):
            with owned(context):
                super().handle(*args, **options)
            return
        with use_control():
            super().handle(*args, **options)
            roles.harden()
