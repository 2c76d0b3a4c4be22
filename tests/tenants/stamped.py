"""What the tests of the stamp share: rows in each context, and a count of the SQL."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from leave.models import LeaveRequest
from tenants.context import CONTROL, Control, TenantInfo, use, use_control
from tenants.models import Chore, Domain
from tenants.stamp import WrongTenantError

Context = TenantInfo | Control

#: A key that no sequence reaches; a number given out and rolled back stays given.
FAR = 1_000_000

#: Our own models and others'; those of both planes, of a tenant, of the control plane.
BOTH = (User, Group, Session, ContentType, LogEntry)
KEPT: dict[str, tuple[type[Model], ...]] = {
    "acme": (*BOTH, LeaveRequest),
    "globex": (*BOTH, LeaveRequest),
    "control": (*BOTH, Domain, Chore),
}
#: A field of each that can be written, with a value.
WRITTEN: dict[type[Model], tuple[str, object]] = {
    User: ("first_name", "Mallory"),
    Group: ("name", "Mallory's"),
    Session: ("session_data", "mallory"),
    ContentType: ("model", "mallory"),
    LogEntry: ("change_message", "mallory"),
    LeaveRequest: ("reason", "mallory"),
    Domain: ("is_primary", False),
    Chore: ("next_due", None),
}


def entered(context: Context) -> AbstractContextManager[Any]:
    return use_control() if isinstance(context, Control) else use(context)


@contextmanager
def refused(*errors: type[Exception], doing: str = "") -> Iterator[None]:
    """Expect WrongTenantError, or another, inside the block, and not one statement."""
    try:
        with (
            CaptureQueriesContext(connection) as sent,
            pytest.raises(errors or WrongTenantError),
        ):
            yield
        assert sent.captured_queries == []
    except BaseException as problem:
        problem.add_note(f"doing: {doing}")
        raise


def fill(context: Context, keys: dict[type[Model], Any]) -> None:
    """See that there is a row of each model in a context, with these keys in all."""
    with entered(context):
        if context is CONTROL:
            User.objects.create_user(
                "operator", "operator@tenantry.test", "open", pk=keys[User]
            )
            Group.objects.create(pk=keys[Group], name="Employees")
            Chore.objects.create(name="sweep", next_due=timezone.now())
        alice = User.objects.earliest("pk")
        kind = ContentType.objects.get_for_model(Group)
        Session.objects.create(
            session_key="k", session_data="", expire_date=timezone.now()
        )
        LogEntry.objects.create(
            pk=FAR, user=alice, content_type=kind, object_id="1", action_flag=CHANGE
        )
        if context is not CONTROL:
            day = dt.date(2026, 7, 1)
            LeaveRequest.objects.create(
                pk=FAR, requester=alice, kind="holiday", start_date=day, end_date=day
            )


def filled(acme: TenantInfo, globex: TenantInfo) -> dict[str, Context]:
    """Return acme, globex and the control plane, with a row of each model in each."""
    contexts = {"acme": acme, "globex": globex, "control": CONTROL}
    keys = {model: row_of(model, acme).pk for model in (User, Group)}
    for context in contexts.values():
        fill(context, keys)
    return contexts


def row_of(model: type[Model], context: Context) -> Any:
    with entered(context):
        return model._base_manager.earliest("pk")


def crossings(model: type[Model]) -> list[tuple[str, str]]:
    """Return each way from a plane that keeps the model to somebody else."""
    ways = itertools.permutations(KEPT, 2)
    return [(home, away) for home, away in ways if model in KEPT[home]]


def waiting(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a coroutine function as code without a loop does."""

    async def call() -> Any:
        return await method(*args, **kwargs)

    return async_to_sync(call)()


async def collected(rows: Any) -> list[Any]:
    return [row async for row in rows]
