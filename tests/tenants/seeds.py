"""Seed steps for the tests of provisioning: some good, some not."""

import os
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection

from tenants.provisioning import ProvisioningRequest

calls: list[str] = []
faults: dict[str, Any] = {"left": 0, "error": RuntimeError("the seed step broke")}


def note(request: ProvisioningRequest) -> None:
    """Write down the call, and a group, which a second call finds."""
    calls.append(request.tenant.slug)
    Group.objects.get_or_create(name=f"of {request.owner_email}")


def break_down(request: ProvisioningRequest) -> None:
    """Write something, and fail as often as the test says."""
    Group.objects.create(name="half written")
    if faults["left"]:
        faults["left"] -= 1
        raise faults["error"]
    Group.objects.filter(name="half written").delete()


def break_the_database(request: ProvisioningRequest) -> None:
    """Fail in a statement, as a bad migration of data would."""
    Group.objects.create(name="half written")
    Group.objects.raw("SELECT no_such_column FROM auth_group")[0]


def repeat_a_row(request: ProvisioningRequest) -> None:
    """Write a row of the tenant's twice, which PostgreSQL quotes."""
    for _time in range(2):
        Group.objects.create(name="a secret of the tenant")


def write_a_wrong_value(request: ProvisioningRequest) -> None:
    """Write what is no number, which PostgreSQL quotes in its first line."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'a secret of the tenant'::int")


def die(request: ProvisioningRequest) -> None:
    """End the process here and now, once a file says that it shall."""
    from pathlib import Path

    flag = Path(os.environ["TESTS_DIE_AT"])
    if flag.exists():
        flag.unlink()
        os._exit(9)
