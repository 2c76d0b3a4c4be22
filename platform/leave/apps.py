from django.apps import AppConfig


class LeaveConfig(AppConfig):
    """Leave requests: the sample of an app that a product team writes."""

    name = "leave"
    verbose_name = "Leave"
    default_auto_field = "django.db.models.BigAutoField"
