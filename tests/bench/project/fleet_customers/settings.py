"""django-tenants set up as its documentation says, with more tables."""

from customers.settings import *  # noqa: F403 - settings are a namespace
from customers.settings import CONTRIB, SHARED_APPS

ROOT_URLCONF = "estate.urls"
TENANT_APPS = [*CONTRIB, "estate"]
INSTALLED_APPS = [*SHARED_APPS, "estate"]
