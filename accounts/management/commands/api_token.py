"""`manage.py api_token create|list|rotate|revoke --tenant TENANT`: API tokens."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from accounts import api_tokens, service_accounts
from accounts.addresses import normalise_username
from accounts.api_tokens import LIFE_DAYS, OVERLAP, NewToken
from accounts.models import ApiToken, User
from accounts.scopes import SCOPES
from accounts.token_text import MARKS, PREFIX_LENGTH
from kernel.errors import ApplicationError, BadRequest, NotFound
from kernel.text import storable
from tenants.management.ends import NOT_FOUND, REFUSED, WRONG_USAGE, fail
from tenants.management.planes import InPlane

#: Exit codes by the kind of error; any other refusal is 4.
EXIT_CODES: Final = ((BadRequest, WRONG_USAGE), (NotFound, NOT_FOUND))


class Command(InPlane):
    """Makes, lists, rotates and revokes the API tokens of one tenant.

    The text of a new token is all that is printed to stdout, this once; the rest goes
    to stderr, so that a script can catch it: `TOKEN=$(manage.py api_token create ...)`.
    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 no such tenant, account or
    token, 4 refused.
    """

    plane = "tenant"
    help = "Make, list, rotate and revoke API tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
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
        create.add_argument("--days", type=int, default=LIFE_DAYS, metavar="N")
        create.add_argument(
            "--service",
            action="store_true",
            help="Make the service account of this name where there is none.",
        )
        listed = self.verb(verbs, "list", "List the tokens, never their secrets.")
        listed.add_argument("--owner", default="", metavar="USER")
        rotate = self.verb(verbs, "rotate", "Make the successor and print it, once.")
        rotate.add_argument("token", metavar="TOKEN", help="Its number or beginning.")
        hours = OVERLAP // timedelta(hours=1)
        rotate.add_argument(
            "--overlap-hours", type=int, default=hours, metavar="N", help="0 to 168."
        )
        revoke = self.verb(verbs, "revoke", "End a token at once.")
        revoke.add_argument("token", metavar="TOKEN", help="Its number or beginning.")

    def verb(self, verbs: Any, name: str, words: str) -> ArgumentParser:
        parser: ArgumentParser = verbs.add_parser(name, help=words, description=words)
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="Print JSON."
        )
        return parser

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Run the verb; a refusal becomes one line and its exit code."""
        verb: Callable[..., None] = getattr(self, f"do_{options['verb']}")
        try:
            verb(options)
        except ApplicationError as error:
            fail(error.detail, exit_code(error))

    def do_create(self, options: Mapping[str, Any]) -> None:
        owner = owner_named(options["owner"], is_new=options["service"])
        made = api_tokens.create(
            owner=owner,
            name=options["name"],
            scopes_named=options["scopes"],
            days=options["days"],
        )
        self.print_once(made, options)

    def do_rotate(self, options: Mapping[str, Any]) -> None:
        hours = options["overlap_hours"]
        if not 0 <= hours <= api_tokens.LONGEST_OVERLAP // timedelta(hours=1):
            raise CommandError("--overlap-hours is 0 to 168.", returncode=WRONG_USAGE)
        token, overlap = token_named(options["token"]), timedelta(hours=hours)
        self.print_once(api_tokens.rotate(token, overlap=overlap), options)

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

    def print_json(self, value: object) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False))


def owner_named(name: str, *, is_new: bool = False) -> User:
    """Return an account by name or address, or a new service. Raises NotFound."""
    found: User | None = None
    if storable(name):
        found = User.objects.named(name).order_by("id").first()
    if found is not None:
        return found
    if not is_new:
        raise NotFound(f"There is no account {name!r}.")
    return service_accounts.create(name=normalise_username(name))


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


def exit_code(error: ApplicationError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), REFUSED)
