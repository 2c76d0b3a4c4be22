"""`manage.py create_missing_schemas` of django-tenants, by `migrate_schemas`."""

from tenants.management.commands.migrate_schemas import Command as MigrateSchemas


class Command(MigrateSchemas):
    """Makes what is missing with its role, and brings the others to the code."""

    help = "Make the schemas that are missing, as `manage.py migrate_schemas` does."
