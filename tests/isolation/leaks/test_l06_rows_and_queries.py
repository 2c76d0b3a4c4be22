"""L6: an instance or a query of one tenant is used in another."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from leave.models import LeaveRequest
from tenants import stamp
from tenants.context import bind, use
from tenants.stamp import WrongTenantError

kept: list[User] = []


@pytest.fixture
def alice(person) -> Iterator[User]:
    """Keep alice of acme, as a variable of a module would."""
    kept[:] = [person("alice")]
    yield kept[0]
    kept.clear()


def surname_in(tenant) -> str:
    with use(tenant):
        return User.objects.get(username="alice").last_name


def test_a_row_that_was_kept_overwrites_nobody_of_the_same_number(
    alice, globex
) -> None:
    with use(globex):
        assert User.objects.get(username="alice").pk == alice.pk
        with CaptureQueriesContext(connection) as sent, pytest.raises(WrongTenantError):
            kept[0].save()
    assert sent.captured_queries == []
    assert surname_in(globex) == "Globex"


def test_without_the_stamp_it_does(alice, globex, monkeypatch) -> None:
    monkeypatch.setattr(stamp, "check", lambda instance: None)
    with use(globex):
        kept[0].save()
    assert surname_in(globex) == "Acme"


def test_a_row_leads_to_nobody_elses_rows(alice, globex) -> None:
    with use(globex):
        with pytest.raises(WrongTenantError):
            alice.groups.add(Group.objects.get(name="HR"))
        with pytest.raises(WrongTenantError):
            LeaveRequest.objects.filter(requester=alice)
        names = User.objects.get(username="alice").groups.values_list("name", flat=True)
        assert list(names) == ["Employees"]


def test_a_query_that_was_kept_changes_nobody_elses_rows(acme, globex) -> None:
    with use(acme):
        rows = User.objects.filter(username="alice")
    with use(globex):
        for use_it in (
            rows.get,
            rows.count,
            rows.delete,
            lambda: rows.update(last_name="Mallory"),
        ):
            with pytest.raises(WrongTenantError):
                use_it()
    assert surname_in(globex) == "Globex"


def test_without_the_check_of_each_compiler_it_does(acme, globex, monkeypatch) -> None:
    with use(acme):
        rows = User.objects.filter(username="alice")
    monkeypatch.setattr(stamp, "check_query", lambda query: None)
    monkeypatch.setattr(stamp, "check_results", lambda queryset: None)
    with use(globex):
        assert rows.update(last_name="Mallory") == 1
    assert surname_in(globex) == "Mallory"


def test_rows_that_were_read_are_shown_to_nobody_else(acme, globex) -> None:
    with use(acme):
        rows = User.objects.all()
        assert len(rows) > 0
    with use(globex), pytest.raises(WrongTenantError):
        [user.email for user in rows]


def test_without_the_check_of_results_they_are(acme, globex, monkeypatch) -> None:
    with use(acme):
        rows = User.objects.filter(username="alice")
        assert len(rows) == 1
    monkeypatch.setattr(stamp, "check_results", lambda queryset: None)
    with use(globex):
        assert [user.last_name for user in rows] == ["Acme"]


def test_a_row_that_goes_through_a_cache_keeps_its_tenant(
    alice, acme, globex, settings
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    caches["default"].set("somebody", alice)
    with use(globex), pytest.raises(WrongTenantError):
        caches["default"].get("somebody").save()
    with use(acme):
        caches["default"].get("somebody").refresh_from_db()
    caches["default"].delete("somebody")


def test_a_row_that_goes_to_a_thread_keeps_its_tenant(alice, globex) -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            alice.save()
        except WrongTenantError as error:
            caught.append(error)

    with use(globex):
        thread = threading.Thread(target=bind(work))
        thread.start()
        thread.join()
    assert [type(error) for error in caught] == [WrongTenantError]


def test_a_row_that_goes_to_another_task_keeps_its_tenant(alice, acme, globex) -> None:
    async def look(tenant) -> str:
        with use(tenant):
            await asyncio.sleep(0)
            try:
                return alice.groups.model.__name__
            except WrongTenantError:
                return "refused"

    async def together() -> list[str]:
        return await asyncio.gather(*(look(t) for t in (acme, globex) * 3))

    assert asyncio.run(together()) == ["Group", "refused"] * 3
