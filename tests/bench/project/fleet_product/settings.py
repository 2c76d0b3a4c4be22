"""The whole product: all its tables, and all that it puts into a new tenant."""

from engine.settings import *  # noqa: F403 - settings are a namespace

TENANT_WARM_TARGET = 0
TENANTRY_DISPATCH = "cron"
