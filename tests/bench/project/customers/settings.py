"""django-tenants set up as its documentation says, with its defaults."""

from alike import *  # noqa: F403 - settings are a namespace
from alike import CONTRIB, databases
from alike import MIDDLEWARE as ALIKE

SHARED_APPS = ["django_tenants", "customers", *CONTRIB]
TENANT_APPS = [*CONTRIB, "desk"]
INSTALLED_APPS = [*SHARED_APPS, "desk"]
TENANT_MODEL = "customers.Client"
TENANT_DOMAIN_MODEL = "customers.Domain"
DATABASES = databases("django_tenants.postgresql_backend")
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *ALIKE]
