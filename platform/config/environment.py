"""Which settings are in force: `DJANGO_ENV` says it in one word."""

import os

from kernel import env

ENVIRONMENTS = ("development", "test", "production")


def choose_settings() -> None:
    """Set DJANGO_SETTINGS_MODULE by DJANGO_ENV, unless it is set already."""
    word = env.choice("DJANGO_ENV", "development", of=ENVIRONMENTS)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"config.settings.{word}")
