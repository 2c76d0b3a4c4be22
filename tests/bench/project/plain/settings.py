"""Django as it comes, with one customer in the schema `public`."""

from alike import *  # noqa: F403 - settings are a namespace
from alike import CONTRIB, databases

INSTALLED_APPS = [*CONTRIB, "desk"]
DATABASES = databases("django.db.backends.postgresql")
