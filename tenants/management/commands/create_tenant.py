"""`manage.py create_tenant` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would make a tenant without role, states and book."
    instead = "manage.py tenant create SLUG --owner-email ADDRESS"
