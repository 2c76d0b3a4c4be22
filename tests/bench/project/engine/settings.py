"""The product's own settings, all of them, with secrets that are none."""

from config.settings.base import *  # noqa: F403 - settings are a namespace

# isort: split
# After the product's, since what is alike everywhere wins.
from alike import SECRET_KEY, databases

DATABASES = databases("tenants.db")
CODE_PEPPER = SECRET_KEY
ACCOUNTS_SECRET_KEYS = [SECRET_KEY]
LOGGING_CONFIG = None
CELERY_BROKER_URL = "memory://"
EMAIL_FROM = "no-reply@bench.test"
