"""`manage.py api_token create|list|rotate|revoke ... --tenant TENANT`: API tokens."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.core.management.base import CommandParser
from django.db import transaction

from accounts import api_tokens, service_accounts
from accounts.addresses import normalise_username
from accounts.api_tokens import LIFE_DAYS, OVERLAP, NewToken
from accounts.models import ApiToken, User
from accounts.models.api_token import LONGEST_LIFE
from accounts.scopes import SCOPES
from accounts.token_text import MARKS, PREFIX_LENGTH
from kernel.errors import Conflict, NotFound
from kernel.text import storable
from tenants.management.ends import WRONG_USAGE, fail
from tenants.management.verbs import Verbs

HOUR: Final = timedelta(hours=1)
MOST_HOURS: Final = api_tokens.LONGEST_OVERLAP // HOUR


class Command(Verbs):
    """Makes, lists, rotates and revokes the API tokens of one tenant.

    The text of a new token is all that is printed to stdout, this once; the rest goes
    to stderr, so that a script can catch it: `TOKEN=$(manage.py api_token create ...)`.
    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 no such tenant, account or
    token, 4 refused.
    """

    plane = "tenant"
    help = "Make, list, rotate and revoke API tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = self.verbs_of(parser)
        create = self.verb(verbs, "create", "Make a token and print it, once.")
        create.add_argument(
            "owner", metavar="USER", help="Name or address, or a service account."
        )
        create.add_argument("--name", required=True, help="What will use it.")
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            dest="scopes",
            metavar="SCOPE",
            help=f"May be given more than once: {', '.join(SCOPES)}.",
        )
        create.add_argument(
            "--days",
            type=int,
            default=LIFE_DAYS,
            metavar="N",
            help=f"1 to {LONGEST_LIFE.days}, by default {LIFE_DAYS}.",
        )
        create.add_argument(
            "--service",
            action="store_true",
            help="Make the service account of this name where there is none.",
        )
        listed = self.verb(verbs, "list", "List the tokens, never their secrets.")
        listed.add_argument("--owner", default="", metavar="USER")
        rotate = self.verb(verbs, "rotate", "Make the successor and print it, once.")
        rotate.add_argument("token", metavar="TOKEN", help="Its number or beginning.")
        rotate.add_argument(
            "--overlap-hours",
            type=int,
            default=OVERLAP // HOUR,
            metavar="N",
            help=f"0 to {MOST_HOURS}: how long the old text works beside the new one.",
        )
        revoke = self.verb(verbs, "revoke", "End a token at once.")
        revoke.add_argument("token", metavar="TOKEN", help="Its number or beginning.")

    def do_create(self, options: Mapping[str, Any]) -> None:
        require_within("--days", options["days"], 1, LONGEST_LIFE.days)
        if unknown := sorted(set(options["scopes"]) - set(SCOPES)):
            known = ", ".join(SCOPES)
            fail(f"No such scope: {', '.join(unknown)}. Known: {known}.", WRONG_USAGE)
        name = options["owner"]
        # All or nothing: no account is made for a token that is refused.
        with transaction.atomic():
            made = api_tokens.create(
                owner=service_named(name) if options["service"] else owner_named(name),
                name=options["name"],
                scopes_named=options["scopes"],
                days=options["days"],
            )
        self.print_once(made, options)

    def do_rotate(self, options: Mapping[str, Any]) -> None:
        hours = options["overlap_hours"]
        require_within("--overlap-hours", hours, 0, MOST_HOURS)
        token = token_named(options["token"])
        self.print_once(api_tokens.rotate(token, overlap=hours * HOUR), options)

    def do_revoke(self, options: Mapping[str, Any]) -> None:
        token = token_named(options["token"])
        api_tokens.revoke(token)
        token.refresh_from_db()
        if options["as_json"]:
            self.print_json(facts(token))
        else:
            self.stdout.write(f"{begins(token)}: {token.state}")

    def do_list(self, options: Mapping[str, Any]) -> None:
        rows = ApiToken.objects.select_related("user")
        if options["owner"]:
            rows = rows.filter(user=owner_named(options["owner"]))
        found = [facts(token) for token in rows]
        if options["as_json"]:
            self.print_json(found)
            return
        if not found:
            self.stderr.write("There is no token.")
        for one in found:
            scopes = ",".join(one["scopes"])
            words = (one["begins"], one["state"], one["owner"], one["expires"], scopes)
            self.stdout.write("  ".join(words))

    def print_once(self, made: NewToken, options: Mapping[str, Any]) -> None:
        if options["as_json"]:
            self.print_json({**facts(made.token), "token": made.text})
            return
        self.stderr.write(f"{begins(made.token)} ends {facts(made.token)['expires']}.")
        self.stdout.write(made.text)


def require_within(name: str, number: int, least: int, most: int) -> None:
    """End the command with 2 where a number is out of its bounds."""
    if not least <= number <= most:
        fail(f"{name} is {least} to {most}.", WRONG_USAGE)


def owner_named(name: str) -> User:
    """Return an account by name or address. Raises NotFound."""
    found = account_named(name)
    if found is None:
        raise NotFound(f"There is no account {name!r}.")
    return found


def service_named(name: str) -> User:
    """Return the service account of a name, made where there is none.

    Raises Conflict for the name of a person, and what `service_accounts.create` does.
    """
    found = account_named(name)
    if found is None:
        return service_accounts.create(name=normalise_username(name))
    if found.kind != User.Kind.SERVICE:
        raise Conflict(f"{name!r} is a person: leave --service out, or choose another.")
    return found


def account_named(name: str) -> User | None:
    if not storable(name):
        return None
    found: User | None = User.objects.named(name).order_by("id").first()
    return found


def token_named(name: str) -> ApiToken:
    """Return a token by its number, its prefix or its beginning. Raises NotFound."""
    rows = ApiToken.objects.select_related("user")
    if name.isascii() and name.isdecimal() and len(name) != PREFIX_LENGTH:
        token = rows.filter(pk=int(name)).first()
    else:
        prefix = name.rpartition("_")[2]
        token = rows.filter(prefix=prefix).first() if storable(prefix) else None
    if token is None:
        raise NotFound(f"There is no token {name!r}.")
    return token


def begins(token: ApiToken) -> str:
    return f"{MARKS[token.user.kind]}_{token.prefix}"


def facts(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "begins": begins(token),
        "name": token.name,
        "owner": token.user.username,
        "scopes": list(token.scopes),
        "state": token.state,
        "expires": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
    }
