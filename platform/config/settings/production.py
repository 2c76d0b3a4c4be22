"""The settings of a deployment: nothing embedded, nothing guessed."""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403 - settings are a namespace
from config.settings.base import (
    ACCOUNTS,
    DATA_DIR,
    STORAGES,
    TRUSTED_PROXY_COUNT,
)
from config.settings.database import database
from kernel import env


def required(name: str) -> str:
    """Return a variable that a deployment must set."""
    value = env.text(name)
    if not value:
        raise ImproperlyConfigured(f"Set {name}: production guesses nothing.")
    return value


SECRET_KEY = required("SECRET_KEY")
CODE_PEPPER = required("CODE_PEPPER")
ACCOUNTS_SECRET_KEYS = env.words("ACCOUNTS_SECRET_KEYS") or [
    required("ACCOUNTS_SECRET_KEYS")
]
ACCOUNTS = {
    **ACCOUNTS,
    "OPERATORS_REQUIRE_MFA": env.flag("OPERATORS_REQUIRE_MFA", True),
}
DATABASES = {"default": database(required("DATABASE_URL"))}
CELERY_BROKER_URL = required("CELERY_BROKER_URL")

TENANTRY_SCHEME = env.choice("TENANTRY_SCHEME", "https", of=("http", "https"))
TENANTRY_PORT = env.number("TENANTRY_PORT", 443, low=1, high=65535)

SESSION_COOKIE_SECURE = TENANTRY_SCHEME == "https"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
if SESSION_COOKIE_SECURE:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
REFRESH_COOKIE_HOST_PREFIX = SESSION_COOKIE_SECURE
# Anybody can send this header; it counts only behind a proxy that sets it.
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
STATIC_ROOT = Path(env.text("STATIC_ROOT") or DATA_DIR / "staticfiles")
STORAGES = {
    **STORAGES,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
