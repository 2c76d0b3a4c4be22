"""`manage.py delete_tenant` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would drop all data at once, and write it in no book."
    instead = "manage.py tenant suspend TENANT --reason TEXT"
