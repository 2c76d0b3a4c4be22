from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may come in and what they may do, in every schema."""

    name = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import checks

        checks.register()
