from django.apps import AppConfig


class TenantryConfig(AppConfig):
    """The project itself, as an app: its checks, tags and commands are found."""

    name = "config"
    label = "config"
    verbose_name = "Tenantry"
