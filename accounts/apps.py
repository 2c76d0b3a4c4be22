from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may come in and what they may do, in every schema."""

    name = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from celery.signals import task_postrun, task_prerun
        from django.core.signals import request_finished, request_started

        from accounts import checks
        from accounts.services import memory

        checks.register()
        # What Python code remembers between two calls never reaches the next request.
        request_started.connect(memory.begin_request)
        request_finished.connect(memory.end_request)
        task_prerun.connect(memory.begin_task)
        task_postrun.connect(memory.end_task)
