"""`manage.py create_domain` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would make an unverified domain the primary one."
    instead = "manage.py tenant show TENANT"
