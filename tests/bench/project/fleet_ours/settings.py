"""Ours as far as tenancy goes, with the same tables."""

from ours.settings import *  # noqa: F403 - settings are a namespace
from ours.settings import CONTRIB, SHARED_APPS

ROOT_URLCONF = PUBLIC_SCHEMA_URLCONF = "estate.urls"
TENANT_APPS = [*CONTRIB, "estate"]
INSTALLED_APPS = [*SHARED_APPS, "estate", "django_tenants"]
TENANT_EXPORT_POLICIES: list[str] = []
#: The benchmark fills the pool itself, when nobody looks at the clock.
TENANT_WARM_TARGET = 0
TENANTRY_DISPATCH = "cron"
