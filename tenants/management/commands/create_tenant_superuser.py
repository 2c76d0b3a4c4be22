"""`manage.py create_tenant_superuser` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would put a person above the roles of a tenant."
    instead = "manage.py create_operator"
