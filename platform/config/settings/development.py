"""The settings of `make demo`: real parts, on this machine, with demo people."""

from config.settings.base import *  # noqa: F403 - settings are a namespace
from config.settings.base import DATA_DIR
from config.settings.database import database
from config.settings.local import kept_secret, server
from config.settings.mail import EMAIL_FROM, backend
from kernel import env
from kernel.embedded import addresses

DEBUG = env.flag("DEBUG", True)
DEVELOPMENT_MODE = env.flag("DEVELOPMENT_MODE", True)

SECRET_KEY = kept_secret(DATA_DIR / "keys" / "secret_key")
CODE_PEPPER = kept_secret(DATA_DIR / "keys" / "code_pepper")
ACCOUNTS_SECRET_KEYS = [kept_secret(DATA_DIR / "keys" / "accounts_secret")]

# Links of a command lead to the demo that runs beside it.
TENANT_WARM_TARGET = env.number("TENANT_WARM_TARGET", 1, low=0, high=100)
TENANTRY_PORT = env.number("PORT", addresses.demo_port() or 8000, low=1, high=65535)

DATABASES = {
    "default": database(
        server("DATABASE_URL", "postgres://tenantry@localhost:5432/tenantry")
    )
}
CELERY_BROKER_URL = server("CELERY_BROKER_URL", "redis://localhost:6379/0")
GOFLOW_SCHEDULER_BACKEND = env.text(
    "GOFLOW_SCHEDULER_BACKEND", "workflow.scheduler.CelerySchedulerBackend"
)
TENANTRY_DISPATCH = (
    "celery" if GOFLOW_SCHEDULER_BACKEND.endswith("CelerySchedulerBackend") else "cron"
)

EMAIL_FROM = EMAIL_FROM or "Tenantry <no-reply@tenantry.test>"
EMAIL_BACKEND = backend(development=DEVELOPMENT_MODE)
MAILBOX_DIR = DATA_DIR / "mailbox"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
