"""Commands start in no context and say where they work (spec 2.3, CTX-3)."""

import io
import json
import shlex
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.core.management import load_command_class as load
from django.db import connection
from django.utils import timezone

from accounts.models import User
from tenants.context import CONTROL, NoTenantError, current_or_none, use, use_control
from tenants.management.planes import InPlane
from tenants.management.running import REFUSED_COMMANDS
from tenants.management.utility import Utility
from tenants.models import Domain, OperatorEvent, Tenant
from tenants.states import State, change_state

#: Every command of the product, with where it works. A new one says so here too.
COMMANDS = {
    "all_tenants_command": "none",
    "api_token": "tenant",
    "clone_tenant": "control",
    "collectstatic_schemas": "none",
    "create_domain": "control",
    "create_missing_schemas": "control",
    "create_operator": "control",
    "create_tenant": "control",
    "create_tenant_superuser": "none",
    "delete_domain": "control",
    "delete_tenant": "control",
    "demo_prepare": "control",
    "goflow_audit_verify": "control",
    "goflow_cron": "control",
    "goflow_export": "control",
    "goflow_samples": "control",
    "goflow_simulate": "control",
    "goflow_validate": "control",
    "mail_config": "control",
    "make_jwt_key": "none",
    "make_rsa": "none",
    "makemigrations": "control",
    "migrate": "control",
    "migrate_schemas": "control",
    "operator": "control",
    "preview_mail": "tenant",
    "purge_accounts": "control",
    "rename_schema": "control",
    "runserver": "none",
    "seed_demo": "control",
    "send_test_mail": "tenant",
    "tenant": "control",
    "tenant_command": "none",
}
PRODUCT = {"tenants", "accounts", "workflow", "leave", "config"}


def where() -> object:
    context = current_or_none()
    return getattr(context, "slug", context)


class Probe(InPlane):
    """Writes down where it runs."""

    requires_system_checks: list[str] = []
    seen: ClassVar[list[Any]] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.seen.append(where())


class ControlProbe(Probe):
    plane = "control"


class TenantProbe(Probe):
    plane = "tenant"


class EachProbe(Probe):
    plane = "each"


class NoProbe(Probe):
    plane = "none"


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[Any]]:
    Probe.seen.clear()
    yield Probe.seen
    assert current_or_none() is None


def run(command: Any, *words: str, **options: Any) -> str:
    """Return what a command prints."""
    out = io.StringIO()
    call_command(command, *words, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def fails(command: Any, *words: str) -> tuple[int, str]:
    """Return the exit code and the line of a command that does not work."""
    with pytest.raises(CommandError) as caught:
        run(command, *words)
    return caught.value.returncode, str(caught.value)


def stop(slug: str) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug=slug)
    change_state(tenant, State.SUSPENDED, reason="Unpaid.", by="operator")


# The inventory


def test_every_command_of_the_product_declares_its_plane() -> None:
    ours = {name: app for name, app in get_commands().items() if app in PRODUCT}
    declared = {n: getattr(load(a, n), "plane", None) for n, a in ours.items()}
    assert declared == COMMANDS


def test_no_command_of_django_tenants_is_left_as_it_was() -> None:
    assert [n for n, app in get_commands().items() if app == "django_tenants"] == []


# The planes


def test_a_command_of_the_control_plane_runs_there(seen) -> None:
    run(ControlProbe())
    assert seen == [CONTROL]


def test_a_command_of_no_plane_runs_in_no_context(seen) -> None:
    run(NoProbe())
    assert seen == [None]


@pytest.mark.parametrize("name", ["acme", "ACME", "acme.localhost", "uuid"])
def test_a_tenants_command_runs_for_the_tenant_that_is_named(acme, seen, name) -> None:
    run(TenantProbe(), "--tenant", str(acme.uuid) if name == "uuid" else name)
    assert seen == ["acme"]


def test_a_tenants_command_runs_in_the_tenants_time_zone(acme, seen) -> None:
    class Told(TenantProbe):
        def handle(self, *args: Any, **options: Any) -> None:
            self.seen.append(timezone.get_current_timezone_name())

    with use_control():
        Tenant.objects.filter(slug="acme").update(timezone="Pacific/Auckland")
    run(Told(), "--tenant", "acme")
    assert seen == ["Pacific/Auckland"]
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_tenants_command_without_a_tenant_is_exit_code_2(db, seen) -> None:
    line = "Say for which tenant: --tenant TENANT."
    assert fails(TenantProbe()) == (2, line)
    with use_control():
        assert fails(TenantProbe()) == (2, line)
    assert seen == []


def test_a_tenants_command_for_a_stranger_is_exit_code_3(acme, seen) -> None:
    line = "There is no tenant 'nobody'."
    assert fails(TenantProbe(), "--tenant", "nobody") == (3, line)
    assert seen == []


def test_a_tenants_command_for_a_stopped_tenant_is_exit_code_4(acme, seen) -> None:
    stop("acme")
    line = "acme is suspended, so nothing runs for it."
    assert fails(TenantProbe(), "--tenant", "acme") == (4, line)
    assert seen == []


def test_a_tenants_command_inside_a_tenant_runs_for_it_alone(
    acme, globex, seen
) -> None:
    with use(acme):
        run(TenantProbe())
        run(TenantProbe(), "--tenant", "acme")
        assert fails(TenantProbe(), "--tenant", "globex") == (
            2,
            "This runs for another tenant than --tenant says.",
        )
    assert seen == ["acme", "acme"]


def test_a_command_for_each_runs_once_for_each_served_tenant(
    acme, globex, seen
) -> None:
    assert run(EachProbe()) == ""
    assert seen == ["acme", "globex"]
    stop("acme")
    run(EachProbe())
    assert seen == ["acme", "globex", "globex"]


def test_a_tenant_that_fails_stops_no_other_and_is_exit_code_5(
    acme, globex, seen
) -> None:
    class Breaks(EachProbe):
        def handle(self, *args: Any, **options: Any) -> None:
            super().handle()
            if where() == "acme":
                raise ValueError("broken\ntwice")

    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(Breaks(), stdout=out)
    assert (caught.value.returncode, str(caught.value)) == (5, "1 failed: acme")
    assert out.getvalue() == "acme: failed, ValueError: broken twice\n"
    assert seen == ["acme", "globex"]


def test_a_command_for_each_checks_the_project_once(acme, globex, seen) -> None:
    class Checked(EachProbe):
        requires_system_checks = "__all__"

        def check(self, *args: Any, **options: Any) -> None:
            self.seen.append("checked")

    run(Checked(), skip_checks=False)
    assert seen == ["checked", "acme", "globex"]


def test_a_command_that_fails_leaves_its_plane(acme) -> None:
    class Breaks(ControlProbe):
        def handle(self, *args: Any, **options: Any) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(Breaks())
    assert current_or_none() is None


# Commands of Django, without a tenant

NAMELESS = [
    ["dumpdata"],
    ["dumpdata", "accounts.user"],
    ["clearsessions"],
    ["changepassword", "admin"],
    ["shell", "-c", "from accounts.models import User; User.objects.count()"],
    ["showmigrations"],
    ["inspectdb"],
    ["remove_stale_contenttypes", "--noinput"],
]


@pytest.mark.parametrize("words", NAMELESS, ids=lambda words: words[0])
def test_a_command_without_a_tenant_says_how_to_name_one(db, words) -> None:
    command = Utility(["manage.py", *words]).fetch_command(words[0])
    code, line = fails(command, *words[1:])
    assert code == 2
    hint = f"No tenant is named. Use: manage.py tenant run SLUG -- {shlex.join(words)}"
    assert line.splitlines()[0] == hint


@pytest.mark.parametrize("plane", [None, "every"])
def test_a_command_without_a_plane_that_there_is_cannot_be_written(plane) -> None:
    with pytest.raises(TypeError, match="one of control, tenant, each, none"):
        type("Command", (InPlane,), {"plane": plane} if plane else {})()


@pytest.mark.parametrize("name", ["flush", "sqlflush", "createsuperuser"])
def test_a_refused_command_is_not_recommended(db, name: str) -> None:
    command = Utility(["manage.py"]).fetch_command(name)
    code, line = fails(command, *(["--noinput"] if name != "sqlflush" else []))
    assert (code, line) == (4, f"{name} is refused: {REFUSED_COMMANDS[name]}.")


def test_another_error_of_a_command_is_left_alone(db) -> None:
    command = Utility(["manage.py"]).fetch_command("dumpdata")
    code, line = fails(command, "no_such")
    assert code == 1
    assert line.startswith("No installed app with label 'no_such'.")


def test_an_error_of_our_own_commands_is_no_hint(db, monkeypatch) -> None:
    command = Utility(["manage.py"]).fetch_command("migrate_schemas")

    def nothing(**options: Any) -> None:
        raise NoTenantError

    monkeypatch.setattr(command, "handle", nothing)
    with pytest.raises(NoTenantError):
        run(command)


def test_a_command_that_needs_no_tenant_works_without_one(db) -> None:
    assert "no issues" in run(Utility(["manage.py"]).fetch_command("check"))


# Commands of django-tenants

AROUND = {
    "create_tenant_superuser": ["-s", "t_x"],
}


@pytest.mark.parametrize("name", AROUND)
def test_a_command_that_goes_around_the_states_is_refused(
    acme, globex, capsys, name: str
) -> None:
    def all_rows() -> list[Any]:
        with use_control(), connection.cursor() as cursor:
            cursor.execute("SELECT nspname FROM pg_namespace ORDER BY nspname")
            models = (Tenant, Domain, OperatorEvent)
            return [list(model.objects.order_by("pk").values()) for model in models] + [
                cursor.fetchall()
            ]

    before = all_rows()
    words = [word.replace("t_x", acme.schema_name) for word in AROUND[name]]
    code, line = fails(name)
    assert code == 4
    assert " Use: manage.py " in line
    with pytest.raises(SystemExit) as ended:
        load("tenants", name).run_from_argv(["manage.py", name, *words])
    assert ended.value.code == 4
    assert capsys.readouterr().err == f"Refused: {line}\n"
    with use_control():
        assert fails(name) == (4, line)
    assert all_rows() == before


@pytest.mark.parametrize("name", AROUND)
def test_the_command_that_is_named_instead_is_there(name: str) -> None:
    words = load("tenants", name).instead.split()
    assert words[0] == "manage.py"
    assert get_commands()[words[1]] in PRODUCT
    if words[1] == "tenant":
        help_text = load("tenants", "tenant").create_parser("manage.py", "tenant")
        assert f"{words[2]} " in help_text.format_help()


def names(text: str) -> set[str]:
    """Return the last names of people in the JSON of `dumpdata`."""
    return {row["fields"]["last_name"] for row in json.loads(text)}


def test_tenant_command_takes_a_schema_or_another_name(acme, globex) -> None:
    for name in (acme.schema_name, "acme", str(acme.uuid), "acme.localhost"):
        said = run("tenant_command", "--schema", name, "dumpdata", "accounts.user")
        assert names(said) >= {"Acme"}
        assert "Globex" not in said
    assert current_or_none() is None


def test_tenant_command_reads_the_schema_wherever_it_stands(acme, capsys) -> None:
    for words in (
        ["dumpdata", "accounts.user", "--indent", "2", "--schema", acme.schema_name],
        ["dumpdata", f"--schema_name={acme.schema_name}", "accounts.user"],
        ["-s", acme.schema_name, "dumpdata", "accounts.user", "--indent=2"],
    ):
        command = load("tenants", "tenant_command")
        parser = command.create_parser("manage.py", "tenant_command")
        seen: list[Any] = []
        command.execute = lambda *args, seen=seen, **options: seen.append(options)
        command.run_from_argv(["manage.py", "tenant_command", *words])
        assert parser is not None
        assert seen[0]["schema_name"] == acme.schema_name
        assert seen[0]["command_name"] == "dumpdata"
        assert "accounts.user" in seen[0]["command_options"]
        assert acme.schema_name not in str(seen[0]["command_options"])


def test_tenant_command_refuses_as_tenant_run_does(acme) -> None:
    assert fails("tenant_command", "check") == (
        2,
        "Say for which tenant: --schema NAME.",
    )
    assert fails("tenant_command", "-s", "t_nobody", "check")[0] == 3
    assert fails("tenant_command", "-s", "acme", "no_such")[0] == 2
    assert fails("tenant_command", "-s", "acme", "flush")[0] == 4
    stop("acme")
    assert fails("tenant_command", "-s", acme.schema_name, "check")[0] == 4


def test_all_tenants_command_runs_in_each_served_tenant(acme, globex) -> None:
    words = ["--no-public", "dumpdata", "accounts.user"]
    said = run("all_tenants_command", *words).split("Applying command to: ")
    assert said[0] == ""
    assert [part.split()[0] for part in said[1:]] == [
        acme.schema_name,
        globex.schema_name,
    ]
    for part, mine, theirs in ((said[1], ACME, GLOBEX), (said[2], GLOBEX, ACME)):
        assert mine in part
        assert theirs not in part
    stop("acme")
    said = run("all_tenants_command", *words).split("Applying command to: ")
    assert [part.split()[0] for part in said[1:]] == [globex.schema_name]


def test_all_tenants_command_goes_on_after_a_failure(acme, globex) -> None:
    with use(acme):
        User.objects.filter(username="bob").delete()
    code, line = fails("all_tenants_command", "shell", "-c", BOB)
    assert (code, line) == (5, "1 failed: acme")
    assert fails("all_tenants_command", "flush")[0] == 4
    assert fails("all_tenants_command", "no_such")[0] == 2


ACME, GLOBEX = '"last_name": "Acme"', '"last_name": "Globex"'
BOB = "from accounts.models import User; User.objects.get(username='bob')"


def test_collectstatic_schemas_collects_for_all(settings, tmp_path) -> None:
    settings.STATIC_ROOT = tmp_path
    for words in ([], ["--all-schemas"], ["-s", "t_x"]):
        said = run("collectstatic_schemas", "--dry-run", "--noinput", *words)
        assert "static files" in said
    assert list(tmp_path.iterdir()) == []
