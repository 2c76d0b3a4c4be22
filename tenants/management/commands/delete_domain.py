"""`manage.py delete_domain` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would free an address at once, and write it in no book."
    instead = "manage.py tenant show TENANT"
