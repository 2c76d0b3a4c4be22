"""`manage.py clone_tenant` of django-tenants, refused."""

from tenants.management.refusing import Instead


class Command(Instead):
    why = "It would copy people, tokens and secrets."
    instead = "manage.py tenant create SLUG --owner-email ADDRESS"
