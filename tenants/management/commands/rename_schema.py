"""`manage.py rename_schema` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would lose the schema's role and tenant; a schema keeps its name."
    instead = "manage.py tenant show TENANT"
