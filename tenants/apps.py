from django.apps import AppConfig
from django.core import checks


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        """Put the content types' cache by context in place; register the checks."""
        from tenants import contenttypes
        from tenants.checks import dotted_names

        contenttypes.install()
        checks.register(dotted_names)
