"""L5: a missing table falls through to the one of the same name in `public`."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import ProgrammingError, connection

from accounts.models import User
from tenants.context import TenantInfo, as_owner, use, use_control
from tenants.db import base

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s"


def tables(schema: str) -> set[str]:
    with use_control(), connection.cursor() as cursor:
        return {name for (name,) in cursor.execute(TABLES, [schema]).fetchall()}


def without_users(tenant: TenantInfo) -> None:
    """Drop a table that the public schema has too; the test's end brings it back."""
    with use(as_owner(tenant)), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user RENAME TO elsewhere")


def test_a_missing_table_is_an_error_and_not_the_public_one(acme) -> None:
    assert "accounts_user" in tables("public")
    without_users(acme)
    with use(acme), pytest.raises(ProgrammingError, match="does not exist"):
        User.objects.count()


def test_with_the_public_schema_on_the_path_it_would_be_the_public_one(
    acme, monkeypatch
) -> None:
    """The negative control: so the error above comes from the path and the role."""

    def with_public(context: TenantInfo) -> list[str | None]:
        told = real(context)
        return [f"{told[0]}, public", base.CONTROL.db_role, *told[2:]]

    real = base.told
    without_users(acme)
    monkeypatch.setattr(base, "told", with_public)
    with use(acme):
        assert User.objects.filter(username="bob").count() == 0


def test_a_tenants_path_holds_its_schema_and_the_extensions_only(in_acme) -> None:
    with connection.cursor() as cursor:
        path = cursor.execute("SELECT current_schemas(false)").fetchone()
    assert path == ([in_acme.schema_name, "ext"],)
    assert tables("ext") == set()


def test_the_planes_share_table_names_of_the_declared_apps_only(acme) -> None:
    both = {
        model._meta.db_table
        for config in apps.get_app_configs()
        if config.name in settings.IN_BOTH
        for model in config.get_models(include_auto_created=True)
    }
    shared = tables(acme.schema_name) & tables("public")
    assert shared == both | {"django_migrations"}
