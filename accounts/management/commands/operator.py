"""`manage.py operator list|deactivate|reactivate|reset-factor`: the operators."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from accounts import factors, lifecycle
from accounts.models import User
from kernel.errors import NotFound
from kernel.text import storable
from tenants import events
from tenants.management.verbs import Verbs, actor, iso


class Command(Verbs):
    """Lists the operators, lets one in no more or again, takes a lost factor away.

    Who has lost phone and codes gets in with the password after `reset-factor`, and
    sets up a new one. Each change stands in the operators' book.
    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 no such operator.
    """

    plane = "control"
    help = "List, deactivate and reactivate operators; reset a second factor."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs; all know --json and --actor."""
        verbs = self.verbs_of(parser)
        self.verb(verbs, "list", "List the operators.")
        for name, words in (
            ("deactivate", "Let an operator in no more; devices end at once."),
            ("reactivate", "Let a deactivated operator in again."),
            ("reset-factor", "Take the second factor away; devices end at once."),
        ):
            changed = self.verb(verbs, name, words)
            changed.add_argument("name", metavar="OPERATOR", help="Name or address.")
            changed.add_argument(
                "--actor", default="", metavar="NAME", help="Who does it, for the book."
            )

    def do_list(self, options: Mapping[str, Any]) -> None:
        rows = [facts(user) for user in operators().order_by("username_norm")]
        if options["as_json"]:
            self.print_json(rows)
            return
        columns = ("username", "email", "state", "factor", "last_sign_in")
        self.print_table(
            [column.upper().replace("_", " ") for column in columns],
            [[str(row[column] or "-") for column in columns] for row in rows],
        )

    def do_deactivate(self, options: Mapping[str, Any]) -> None:
        self.change(options, "deactivated", lifecycle.deactivate)

    def do_reactivate(self, options: Mapping[str, Any]) -> None:
        self.change(options, "reactivated", lifecycle.reactivate)

    def do_reset_factor(self, options: Mapping[str, Any]) -> None:
        self.change(options, "factor_reset", factors.reset_by_platform)

    @transaction.atomic
    def change(
        self, options: Mapping[str, Any], done: str, act: Callable[[User], None]
    ) -> None:
        """Change one operator, write it down, and print what holds now."""
        user = find(options["name"])
        act(user)
        events.record(
            f"operator.{done}", by=actor(options), operator=user.username_norm
        )
        user.refresh_from_db()
        if options["as_json"]:
            self.print_json(facts(user))
        else:
            self.stdout.write(f"{user.username}: {done.replace('_', ' ')}")


def operators() -> Any:
    return User.objects.people().filter(is_superuser=True)


def find(name: str) -> User:
    """Return an operator by name or address. Raises NotFound."""
    found = operators().named(name).first() if storable(name) else None
    if found is None:
        raise NotFound(f"There is no operator {name!r}.")
    return found  # type: ignore[no-any-return]


def facts(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "state": "active" if user.is_active else "deactivated",
        "factor": "yes" if factors.is_enrolled(user) else "no",
        "last_sign_in": iso(user.last_login),
    }
