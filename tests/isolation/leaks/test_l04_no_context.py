"""L4: database access without a context falls to `public`."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch

from accounts.models import User
from leave.models import LeaveRequest
from tenants import context
from tenants.context import CONTROL, NoTenantError, use, use_control
from tenants.models import Tenant


def in_savepoint() -> None:
    with transaction.atomic(), transaction.atomic():
        User.objects.count()


def by_cursor() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def in_another_thread() -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            User.objects.count()
        except NoTenantError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


ENTRY_POINTS: dict[str, Callable[[], object]] = {
    "count": User.objects.count,
    "list": lambda: list(User.objects.all()),
    "iterator": lambda: list(User.objects.iterator()),
    "get": lambda: User.objects.get(pk=1),
    "first": User.objects.first,
    "exists": User.objects.exists,
    "aggregate": lambda: User.objects.aggregate(Count("pk")),
    "values": lambda: list(User.objects.values_list("pk")),
    "in_bulk": lambda: User.objects.in_bulk([1]),
    "create": lambda: User.objects.create(username="mallory"),
    "save": lambda: Group(name="loot").save(),
    "get_or_create": lambda: Group.objects.get_or_create(name="loot"),
    "update_or_create": lambda: Group.objects.update_or_create(name="loot"),
    "bulk_create": lambda: Group.objects.bulk_create([Group(name="loot")]),
    "bulk_update": lambda: Group.objects.bulk_update([Group(pk=1)], ["name"]),
    "update": lambda: User.objects.update(username="loot"),
    "delete": lambda: User.objects.all().delete(),
    "delete one": lambda: Group(pk=1).delete(),
    "refresh": lambda: Group(pk=1).refresh_from_db(),
    "related": Group(pk=1).user_set.count,
    "foreign key": lambda: LeaveRequest(requester_id=1).requester,
    "many to many": lambda: User(pk=1).groups.add(1),
    "raw": lambda: list(User.objects.raw("SELECT * FROM accounts_user")),
    "subquery": lambda: User.objects.filter(
        Exists(Group.objects.filter(user=OuterRef("pk")))
    ).count(),
    "union": lambda: list(Group.objects.all().union(Group.objects.all())),
    "prefetch": lambda: list(User.objects.prefetch_related(Prefetch("groups"))),
    "select for update": lambda: list(User.objects.select_for_update()),
    "explain": lambda: User.objects.all().explain(),
    "content type": lambda: ContentType.objects.get_for_model(User),
    "control plane": Tenant.objects.count,
    "cursor": by_cursor,
    "savepoint": in_savepoint,
    "introspection": connection.introspection.table_names,
    "async": lambda: asyncio.run(User.objects.acount()),
    "async list": lambda: asyncio.run(User.objects.afirst()),
    "another thread": in_another_thread,
    "command": lambda: call_command("dumpdata", "accounts"),
}


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS))
def test_no_entry_point_of_the_orm_works_without_a_context(db, name) -> None:
    with pytest.raises((NoTenantError, CommandError)) as caught:
        ENTRY_POINTS[name]()
    error = caught.value
    assert isinstance(error, NoTenantError) or "No tenant is known" in str(error)


def test_the_control_plane_is_entered_by_name_only(acme) -> None:
    with use(acme):
        of_acme = set(User.objects.values_list("username", flat=True))
    with use_control():
        assert set(User.objects.values_list("username", flat=True)) != of_acme


def test_with_a_default_the_same_read_would_fall_to_public(db, monkeypatch) -> None:
    """The negative control: so the refusals above come from the missing default."""
    reset = context._current.set(CONTROL)
    try:
        assert User.objects.filter(username="bob").count() == 0
    finally:
        context._current.reset(reset)
