"""`manage.py create_tenant` of django-tenants, by ours: the saga makes it, now."""

from typing import Any, Final

from django.core.management.base import CommandParser

from tenants.management.forwarding import Forwarding

#: What `tenant create` may be told beside slug and owner.
MORE: Final = ("name", "locale", "timezone", "plan")


class Command(Forwarding):
    """Makes a tenant; schema and role have names of their own, which nobody chooses."""

    help = "Make a tenant with its first owner; see `manage.py tenant create`."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--slug", required=True, metavar="SLUG")
        parser.add_argument("--owner-email", required=True, metavar="ADDRESS")
        for name in MORE:
            parser.add_argument(f"--{name}")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        more = [f"--{name}={options[name]}" for name in MORE if options[name]]
        owner = f"--owner-email={options['owner_email']}"
        self.forward(
            "create", options["slug"], owner, *more, noinput=options["noinput"]
        )
