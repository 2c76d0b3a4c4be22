"""django-viewflow with what it needs, and nothing that a request needs."""

from alike import *  # noqa: F403 - settings are a namespace
from alike import CONTRIB, databases

INSTALLED_APPS = [*CONTRIB, "viewflow", "viewflow.workflow", "viewflow2"]
MIDDLEWARE: list[str] = []
DATABASES = databases("django.db.backends.postgresql")
