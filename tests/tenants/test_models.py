"""What is handed around of a tenant, and which people belong to which plane."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts import operators
from accounts.models import User
from tenants.context import CONTROL, TenantInfo, use, use_control
from tenants.middleware import TenantMiddleware

SCHEMA_OF = """
SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = %s::regclass
"""


def values(of: Any) -> list[object]:
    """Return all that a tuple or a dataclass holds, however deep."""
    if isinstance(of, tuple):
        return [value for one in of for value in values(one)]
    if is_dataclass(of):
        return [
            value for field in fields(of) for value in values(getattr(of, field.name))
        ]
    return [of]


def test_mod_2_a_request_and_a_connection_have_the_values_of_a_tenant_and_no_row(
    acme, rf: RequestFactory
) -> None:
    seen: list[object] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.extend([request.tenant, connection.tenant])
        return HttpResponse()

    TenantMiddleware(view)(rf.get("/", headers={"host": "acme.localhost"}))
    assert seen == [acme, acme]
    for tenant in seen:
        assert isinstance(tenant, TenantInfo)
        assert not [one for one in values(tenant) if isinstance(one, models.Model)]
        assert hash(tenant)  # so nothing in it can be changed
        with pytest.raises(FrozenInstanceError):
            tenant.slug = "globex"


def test_mod_2_nobody_gives_a_connection_another_tenant(acme, globex) -> None:
    with use(acme):
        connection.tenant = globex
        assert connection.tenant is acme
    with use_control():
        assert connection.tenant is CONTROL


def test_mod_3_operators_are_people_of_the_public_schema_and_of_no_tenant(
    acme, alice
) -> None:
    with use_control():
        operators.create(
            username="carol-op",
            email="carol@tenantry.test",
            password="Long-enough-8-words",
        )
        assert not User.objects.filter(username=alice.username).exists()
        assert User.objects.filter(username="carol-op").exists()
    with use(acme):
        assert User.objects.filter(username=alice.username).exists()
        assert not User.objects.filter(username="carol-op").exists()
        table = User._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(SCHEMA_OF, [table])
            assert cursor.fetchone() == (acme.schema_name,)
