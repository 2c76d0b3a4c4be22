"""The settings of the tests: real servers, fixed secrets, cheap password hashes."""

import os
import tempfile
from pathlib import Path

from config.settings.base import *  # noqa: F403 - settings are a namespace
from config.settings.database import database
from config.settings.mail import backend
from kernel import env

DEVELOPMENT_MODE = True
SECRET_KEY = "the-tests-secret-key-is-no-secret-and-long-enough"  # noqa: S105 - no secret
CODE_PEPPER = "the-tests-pepper"
ACCOUNTS_SECRET_KEYS = ["the-tests-accounts-secret"]

DATABASES = {
    "default": database(
        env.text("DATABASE_URL", "postgres://tenantry@localhost:5432/tenantry")
    )
}
DATABASES["default"]["CONN_MAX_AGE"] = 0
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "redis://localhost:6379/0")
PASSWORD_HASHERS = [
    "tests.hashers.CheapArgon2",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]

DATA_DIR = Path(tempfile.gettempdir()) / f"tenantry-tests-{os.getuid()}"
TENANT_WARM_TARGET = 0
JWT_KEY_DIR = DATA_DIR / "keys"
MAILBOX_DIR = DATA_DIR / "mailbox"
MEDIA_ROOT = DATA_DIR / "media"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_FROM = "Tenantry <no-reply@tenantry.test>"
EMAIL_BACKEND = backend(development=True)
