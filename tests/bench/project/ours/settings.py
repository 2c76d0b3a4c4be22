"""The product's own settings as far as tenancy goes, around the same small site."""

from config.settings.base import *  # noqa: F403 - settings are a namespace
from config.settings.base import MIDDLEWARE as PRODUCT

# isort: split
# After the product's, since what is alike in all three wins.
from alike import *  # noqa: F403 - settings are a namespace
from alike import CONTRIB, databases
from alike import MIDDLEWARE as ALIKE

SHARED_APPS = ["tenants", *CONTRIB]
TENANT_APPS = [*CONTRIB, "desk"]
INSTALLED_APPS = [*SHARED_APPS, "desk", "django_tenants"]
PUBLIC_SCHEMA_URLCONF = "desk.urls"
DATABASES = databases("tenants.db")
MIDDLEWARE = [*(name for name in PRODUCT if name.startswith("tenants.")), *ALIKE]

# What belongs to the apps that are not here
TENANT_PROVISIONING_STEPS: list[str] = []
TENANT_ACTIVITY: list[str] = []
TENANT_DUE_SOURCES: list[str] = []
CONTROL_DUE_SOURCES: list[str] = []
AUTH_USER_MODEL = "auth.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
TEMPLATES: list[dict[str, object]] = []
CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
