"""django-tenants' own commands: all of them work, by the services of ours."""

import io
from typing import Any

import pytest
from django.core.management import (
    CommandError,
    call_command,
    get_commands,
    load_command_class,
)

from tenants import roles
from tenants.context import current_or_none, use_control
from tenants.management.refusing import Instead
from tenants.models import Domain, OperatorEvent, Tenant
from tests.databases import run_there

#: As the specification lists them, each with words that its parser takes.
USABLE = {
    "migrate_schemas": [],
    "create_tenant": ["--slug=newcomer", "--owner-email=o@n.test"],
    "create_domain": ["-s", "t_x", "--domain-domain", "shop.test"],
    "clone_tenant": ["--clone_from", "t_x", "--slug", "newcomer"],
    "tenant_command": ["-s", "t_x", "check"],
    "all_tenants_command": ["check"],
    "create_missing_schemas": [],
    "rename_schema": ["--rename_from", "t_x", "--rename_to", "newcomer"],
    "delete_tenant": ["-s", "t_x"],
    "delete_domain": ["-s", "t_x", "-d", "shop.test"],
    "collectstatic_schemas": ["--noinput"],
}
OWNER = "--owner-email=operator@newcomer.test"


def run(name: str, *words: str) -> str:
    """Return what a command prints."""
    out = io.StringIO()
    call_command(name, *words, stdout=out, stderr=io.StringIO())
    assert current_or_none() is None
    return out.getvalue()


def fails(name: str, *words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(name, *words)
    assert current_or_none() is None
    return caught.value.returncode, str(caught.value)


@use_control()
def row(slug: str) -> Tenant:
    return Tenant.objects.get(slug=slug)


@use_control()
def event(action: str, **values: Any) -> OperatorEvent:
    return OperatorEvent.objects.filter(action=action, **values).latest("at")


@pytest.mark.parametrize("name", USABLE)
def test_cmd_1_the_command_is_ours_and_is_not_refused(name: str) -> None:
    assert get_commands()[name] == "tenants"
    command = load_command_class("tenants", name)
    assert not isinstance(command, Instead)
    parser = command.create_parser("manage.py", name)
    assert parser.parse_args(USABLE[name])


@pytest.mark.django_db(transaction=True)
def test_cmd_2_create_tenant_runs_the_saga_to_its_end(settings) -> None:
    settings.TENANT_PROVISIONING_STEPS = []
    words = ("create_tenant", "--slug=newcomer", OWNER, "--name=New & Co")
    said = run(*words, "--noinput")
    assert "http://newcomer.localhost:8000/" in said
    made = row("newcomer")
    assert (made.state, made.name) == ("active", "New & Co")
    assert event("tenant.provisioned", tenant=made.uuid).actor.startswith("os:")
    code, line = fails(*words)
    assert (code, "slug_taken" in line) == (4, True)
    assert fails("create_tenant", "--slug=admin", OWNER)[0] == 2


def test_cmd_1_create_domain_claims_and_delete_domain_gives_up(acme, globex) -> None:
    add = ("create_domain", "-s", acme.schema_name, "--domain-domain")
    said = run(*add, "shop.test", "--noinput")
    assert "_tenantry.shop.test" in said
    with use_control():
        claimed = Domain.objects.get(domain="shop.test")
        assert (claimed.verified_at, claimed.is_primary) == (None, False)
    assert event("domain.claimed").tenant == acme.uuid
    assert fails(*add, "globex.localhost")[0] == 2
    gone = ("delete_domain", "-d", "shop.test", "--noinput", "-s")
    assert fails(*gone, globex.schema_name)[0] == 3
    run(*gone, acme.schema_name)
    with use_control():
        assert not Domain.objects.filter(domain="shop.test").exists()
    own = ("delete_domain", "-d", "acme.localhost", "--noinput", "-s", "acme")
    assert fails(*own)[0] == 4


def test_cmd_2_rename_schema_renames_the_tenant_and_tells_the_book(acme) -> None:
    words = ("--rename_from", acme.schema_name, "--rename_to", "acme-new")
    run("rename_schema", *words, "--noinput")
    renamed = row("acme-new")
    assert renamed.schema_name == acme.schema_name
    told = event("tenant.renamed", tenant=acme.uuid)
    assert told.args["before"] == "acme"
    assert fails("rename_schema", *words)[0] == 4
    words = ("--rename_from", "t_none", "--rename_to", "acme-newer")
    assert fails("rename_schema", *words)[0] == 3


@pytest.mark.django_db(transaction=True)
def test_cmd_1_create_missing_schemas_makes_one_with_its_role(acme, globex) -> None:
    run_there(f"DROP SCHEMA {globex.schema_name} CASCADE")
    with use_control():
        assert not roles.has_schema(globex)
    run("create_missing_schemas")
    with use_control():
        assert roles.has_schema(globex)
    said = run("tenant_command", "-s", globex.schema_name, "dumpdata", "accounts.user")
    assert said.strip() == "[]"


def test_cmd_1_all_tenants_command_enters_each_tenant(acme, globex) -> None:
    said = run("all_tenants_command", "dumpdata", "auth.group")
    for one in (acme, globex):
        assert f"Applying command to: {one.schema_name}" in said
