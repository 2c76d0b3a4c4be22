"""Run a command of Django, or of others, in a tenant."""

from collections.abc import Sequence
from typing import Any, Final

from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from tenants.carrying.serving import serving
from tenants.context import TenantInfo
from tenants.management.ends import REFUSED, WRONG_USAGE, fail

TABLES: Final = "tables change for all tenants, by: manage.py migrate_schemas"
EMPTY: Final = "it would empty the tenant and tell no book of it"
DATABASE: Final = "it makes a database of its own"
#: Django's commands that would go around the states, the roles or the other tenants.
REFUSED_COMMANDS: Final = {
    "migrate": TABLES,
    "createcachetable": TABLES,
    "createsuperuser": "people have roles: manage.py tenant create makes the first,"
    " the admin the others, manage.py create_operator an operator",
    "flush": EMPTY,
    "sqlflush": EMPTY,
    "dbshell": "it opens a session of the platform's login and of no tenant",
    "test": DATABASE,
    "testserver": DATABASE,
}


def run_in(
    tenant: TenantInfo, name: str, arguments: Sequence[str], *, caller: BaseCommand
) -> None:
    """Run a command in a tenant; what it prints goes where the caller's words go.

    Ends with 2 where there is no such command, with 4 where it is none for a tenant.
    """
    command = loaded(name)
    refuse(name, command)
    # A wrong argument is then told as at a terminal: by usage and exit code 2.
    command._called_from_command_line = caller._called_from_command_line  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark
    streams: dict[str, Any] = {
        "stdout": caller.stdout._out,  # noqa: SLF001 - the stream behind the style
        "stderr": caller.stderr._out,  # noqa: SLF001 - as above
    }
    with serving(tenant):
        call_command(command, *arguments, **streams)


def loaded(name: str) -> BaseCommand:
    """Return the command of this name; ends with 2 where there is none."""
    app = get_commands().get(name)
    if app is None:
        fail(f"There is no command {name!r}.", WRONG_USAGE)
    return app if isinstance(app, BaseCommand) else load_command_class(app, name)


def refuse(name: str, command: BaseCommand) -> None:
    """End with 4 where the command is none for one tenant."""
    if name in REFUSED_COMMANDS:
        fail(f"{name} is refused: {REFUSED_COMMANDS[name]}.", REFUSED)
    plane = getattr(command, "plane", "tenant")
    if plane != "tenant":
        fail(f"{name} is refused: it is for no single tenant.", REFUSED)
