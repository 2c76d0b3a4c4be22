"""`manage.py create_missing_schemas` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would make schemas without role and tag."
    instead = "manage.py migrate_schemas"
