"""What is kept in memory for one tenant is not served to another, nor after a clear.

Spec 2.3, rows "Cache" and "Content types, permissions, sites".
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.contenttypes.models import ContentType, ContentTypeManager
from django.core.cache import caches
from django.db import connection, transaction
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from tenants import cache, directory, epochs, lookup
from tenants.contenttypes import MOST_CONTEXTS, CacheByContext, Caches
from tenants.context import (
    CONTROL_UUID,
    NoTenantError,
    TenantInfo,
    use,
    use_control,
)
from tenants.models import OperatorEvent, Tenant
from tests.tenants.crowd import together
from tests.tenants.test_signing import ANYBODY


@pytest.fixture(autouse=True)
def _no_epoch_is_remembered() -> Iterator[None]:
    yield
    epochs._raised.clear()


@pytest.fixture(params=["memory", "server"])
def kept(request, settings) -> Iterator[Any]:
    """Return a cache of each kind, with a corner of the server to itself."""
    is_server = request.param == "server"
    settings.CACHES = {
        "default": {
            "BACKEND": f"tenants.cache.{'RedisCache' if is_server else 'LocMemCache'}",
            "LOCATION": server(settings) if is_server else uuid4().hex,
            "KEY_PREFIX": f"tests-[{uuid4().hex}]*",
        }
    }
    yield caches["default"]
    with use_control():
        caches["default"].drop(f"{caches['default'].key_prefix}:")
    caches["default"].close()


def server(settings) -> str:
    """Return the broker's address as the client of the cache writes it."""
    parts = urlsplit(settings.CELERY_BROKER_URL)
    is_socket = parts.scheme == "redis+socket"
    return f"unix://{parts.path}?db=0" if is_socket else parts.geturl()


def row_of(tenant: TenantInfo) -> Tenant:
    with use_control():
        return Tenant.objects.get(uuid=tenant.uuid)


# The key


def test_a_cache_key_carries_the_tenant_and_its_epoch(acme, globex) -> None:
    with use(acme):
        mine = cache.key("k", "p", 1)
    with use(replace(globex, cache_epoch=7)):
        theirs = cache.key("k", "p", 1)
    with use_control():
        ours = cache.key("k", "p", 1)
    assert mine == f"p:{acme.uuid}:{acme.cache_epoch}:1:k"
    assert theirs == f"p:{globex.uuid}:7:1:k"
    assert ours == "p:control:1:k"


def test_a_cache_key_without_a_context_is_an_error() -> None:
    with pytest.raises(NoTenantError):
        cache.key("k", "", 1)


def test_every_cache_of_the_settings_makes_its_keys_here(settings) -> None:
    for name in settings.CACHES:
        assert isinstance(caches[name], cache.ByTenant)
        assert caches[name].key_func is cache.key


# Every operation


OPERATIONS = {
    "get": lambda c: c.get("k"),
    "get_many": lambda c: c.get_many(["k"]) or None,
    "has_key": lambda c: c.has_key("k") or None,
    "touch": lambda c: c.touch("k") or None,
    "delete": lambda c: c.delete("k") or None,
    "delete_many": lambda c: c.delete_many(["k"]),
    "get_or_set": lambda c: c.get_or_set("k", None),
    "aget": lambda c: async_to_sync(c.aget)("k"),
    "aget_many": lambda c: async_to_sync(c.aget_many)(["k"]) or None,
    "ahas_key": lambda c: async_to_sync(c.ahas_key)("k") or None,
    "atouch": lambda c: async_to_sync(c.atouch)("k") or None,
    "adelete": lambda c: async_to_sync(c.adelete)("k") or None,
    "adelete_many": lambda c: async_to_sync(c.adelete_many)(["k"]),
}
WRITES = {
    "set": lambda c: c.set("k", 0),
    "add": lambda c: c.add("k", 0),
    "set_many": lambda c: c.set_many({"k": 0}),
    "aset": lambda c: async_to_sync(c.aset)("k", 0),
    "aadd": lambda c: async_to_sync(c.aadd)("k", 0),
    "aset_many": lambda c: async_to_sync(c.aset_many)({"k": 0}),
}
NUMBERS = {
    "incr": lambda c: c.incr("k"),
    "decr": lambda c: c.decr("k"),
    "aincr": lambda c: async_to_sync(c.aincr)("k"),
    "adecr": lambda c: async_to_sync(c.adecr)("k"),
    "incr_version": lambda c: c.incr_version("k"),
    "aincr_version": lambda c: async_to_sync(c.aincr_version)("k"),
}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_operation_reaches_another_tenants_value(kept, acme, globex, name) -> None:
    with use(acme):
        kept.set("k", 5)
    for enter in (lambda: use(globex), use_control):
        with enter():
            assert OPERATIONS[name](kept) is None
    with use(acme):
        assert kept.get("k") == 5


@pytest.mark.parametrize("name", sorted(WRITES))
def test_no_write_changes_another_tenants_value(kept, acme, globex, name) -> None:
    with use(acme):
        kept.set("k", 5)
    with use(globex):
        WRITES[name](kept)
        assert kept.get("k") == 0
    with use(acme):
        assert kept.get("k") == 5


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_no_counter_counts_another_tenants_value(kept, acme, globex, name) -> None:
    with use(acme):
        kept.set("k", 5)
    with use(globex), pytest.raises(ValueError, match="not found"):
        NUMBERS[name](kept)
    with use(acme):
        assert kept.get("k") == 5


@pytest.mark.parametrize("name", sorted({**OPERATIONS, **WRITES, **NUMBERS}))
def test_no_operation_works_without_a_context(kept, name) -> None:
    with pytest.raises(NoTenantError):
        {**OPERATIONS, **WRITES, **NUMBERS}[name](kept)
    with pytest.raises(NoTenantError):
        kept.clear()


def test_a_fragment_of_a_template_is_one_tenants(kept, acme, globex) -> None:
    page = Template("{% load cache %}{% cache 60 head %}{{ name }}{% endcache %}")
    for tenant in (acme, globex, acme):
        with use(tenant):
            assert page.render(Context({"name": tenant.name})) == tenant.name


# Clear


def test_a_clear_is_felt_at_once_by_the_one_who_clears(kept, acme, globex) -> None:
    with use(globex):
        kept.set("k", "of globex")
    with use(acme):
        kept.set("k", "of acme")
        with use(acme):
            kept.clear()
            assert kept.get("k") is None
        # Also where the same stale TenantInfo is still at work.
        assert kept.get("k") is None
        kept.set("k", "new")
        assert kept.get("k") == "new"
    with use(globex):
        assert kept.get("k") == "of globex"
    with use(lookup.by_uuid(acme.uuid)):
        assert kept.get("k") == "new"


def test_a_clear_is_in_the_row_and_in_the_operators_book(kept, acme, globex) -> None:
    with use(acme):
        kept.clear()
        async_to_sync(kept.aclear)()
    assert row_of(acme).cache_epoch == acme.cache_epoch + 2
    assert row_of(globex).cache_epoch == globex.cache_epoch
    with use_control():
        events = OperatorEvent.objects.filter(action="tenant.cache_cleared")
        assert {event.tenant for event in events} == {acme.uuid}
        assert events.count() == 2


@pytest.mark.parametrize("kept", ["server"], indirect=True)
def test_another_process_reads_nothing_old_once_it_sees_the_row(kept, acme) -> None:
    with use(acme):
        kept.set("k", "old")
        kept.clear()
        kept.set("k", "new")
    epochs._raised.clear()  # what another process does not know
    with use(acme):
        assert kept.get("k") == "old"
    with use(lookup.by_uuid(acme.uuid)):
        assert kept.get("k") == "new"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kept", ["memory"], indirect=True)
def test_other_processes_are_told_of_a_clear(kept, acme) -> None:
    with use_control(), connection.cursor() as cursor:
        cursor.execute("LISTEN tenantry_control")
    assert directory.find("acme.localhost").tenant == acme
    with use(acme):
        kept.clear()
    assert directory.find("acme.localhost").tenant.cache_epoch == acme.cache_epoch + 1
    (told,) = connection.connection.notifies(timeout=10, stop_after=1)
    assert str(acme.uuid) in told.payload
    connection.close()


def test_no_epoch_is_given_again_by_a_row_from_a_backup(kept, acme) -> None:
    with use(acme):
        kept.clear()
        kept.set("k", "after the first clear")
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(cache_epoch=acme.cache_epoch)
    with use(acme):
        kept.clear()
        assert kept.get("k") is None
    assert row_of(acme).cache_epoch == acme.cache_epoch + 2


def test_a_clear_in_a_transaction_is_felt_there_and_written_after_it(
    kept, acme, django_capture_on_commit_callbacks
) -> None:
    with use(acme):
        kept.set("k", "old")
        with django_capture_on_commit_callbacks(execute=True):
            with transaction.atomic():
                kept.clear()
                assert kept.get("k") is None
                kept.set("k", "read before the commit")
            assert row_of(acme).cache_epoch == acme.cache_epoch
        assert kept.get("k") is None
    assert row_of(acme).cache_epoch == acme.cache_epoch + 1


def test_a_clear_that_was_rolled_back_does_not_hide_the_clears_of_others(
    kept, acme
) -> None:
    with use(acme):
        with transaction.atomic():
            kept.clear()
            transaction.set_rollback(True)
        kept.set("k", "old")
    with use(replace(acme, cache_epoch=acme.cache_epoch + 1)):
        assert kept.get("k") is None


def test_the_control_plane_clears_its_own_values_only(kept, acme) -> None:
    with use(acme):
        kept.set("k", "of acme")
    with use_control():
        kept.set_many({"k": "ours", "l": "ours"})
        kept.clear()
        assert kept.get_many(["k", "l"]) == {}
    with use(acme):
        assert kept.get("k") == "of acme"
    assert row_of(acme).cache_epoch == acme.cache_epoch


@pytest.mark.parametrize("kept", ["memory"], indirect=True)
def test_only_the_control_plane_empties_a_cache_for_everybody(kept, acme) -> None:
    with use(acme):
        kept.set("k", "of acme")
        with pytest.raises(NoTenantError):
            kept.clear_for_everybody()
        assert kept.get("k") == "of acme"
    with use_control():
        kept.clear_for_everybody()
    with use(acme):
        assert kept.get("k") is None


@pytest.mark.parametrize("kept", ["memory"], indirect=True)
def test_a_clear_gives_the_memory_of_the_tenant_back(kept, acme, globex) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            kept.set("k", "v")
    with use(acme):
        kept.clear()
    assert [key.split(":")[1] for key in kept._cache] == [str(globex.uuid)]


# Many at once


def test_threads_of_two_tenants_keep_to_their_own_values(kept, acme, globex) -> None:
    barrier = Barrier(4)

    def work(tenant: TenantInfo) -> set[str]:
        seen = set()
        for _round in range(25):
            with use(tenant):
                kept.set("k", tenant.slug)
            barrier.wait()
            with use(tenant):
                seen.add(kept.get("k"))
                seen.update(kept.get_many(["k"]).values())
        return seen

    found = together(work, [acme, globex, acme, globex])
    assert found == [{"acme"}, {"globex"}] * 2


def test_coroutines_of_two_tenants_keep_to_their_own_values(kept, acme, globex) -> None:
    async def work(tenant: TenantInfo) -> set[str]:
        seen = set()
        with use(tenant):
            for _round in range(10):
                await kept.aset("k", tenant.slug)
                await asyncio.sleep(0)
                seen.add(await kept.aget("k"))
        return seen

    async def all_of_them() -> list[set[str]]:
        return await asyncio.gather(*map(work, [acme, globex, acme, globex]))

    assert async_to_sync(all_of_them)() == [{"acme"}, {"globex"}] * 2


# Content types


def content_types(tenant: TenantInfo) -> dict[str, int]:
    with use(tenant):
        return {f"{t.app_label}.{t.model}": t.pk for t in ContentType.objects.all()}


@contextmanager
def other_numbers(tenant: TenantInfo) -> Iterator[dict[str, int]]:
    """Have group and permission change their numbers at one tenant."""
    with use(tenant):
        two = ContentType.objects.filter(app_label="auth", model__in=GROUPS)
        numbers = {one.model: one.pk for one in two}
        two.filter(model="group").update(model="between")
        two = ContentType.objects.filter(app_label="auth")
        two.filter(model="permission").update(model="group")
        two.filter(model="between").update(model="permission")
        ContentType.objects.clear_cache()
    yield {"group": numbers["permission"], "permission": numbers["group"]}
    with use(tenant):
        ContentType.objects.clear_cache()


GROUPS = ("group", "permission")


def test_content_types_are_remembered_for_each_tenant(
    acme, globex, django_assert_num_queries
) -> None:
    for context in (use(acme), use(globex), use_control()):
        with context:
            ContentType.objects.clear_cache()
            with django_assert_num_queries(1):
                ContentType.objects.get_for_model(ContentType)
                ContentType.objects.get_for_model(ContentType)
                ContentType.objects.db_manager("default").get_for_model(ContentType)


@pytest.mark.django_db(transaction=True)
def test_content_types_with_other_numbers_do_not_mix_in_threads(acme, globex) -> None:
    barrier = Barrier(4)

    def work(tenant: TenantInfo) -> set[tuple[str, int]]:
        seen = set()
        try:
            for _round in range(10):
                barrier.wait()
                with use(tenant):
                    for model in GROUPS:
                        found = ContentType.objects.get_by_natural_key("auth", model)
                        by_number = ContentType.objects.get_for_id(found.pk)
                        seen |= {(found.model, found.pk), (by_number.model, found.pk)}
        finally:
            connection.close()
        return seen

    mine = {(model, content_types(acme)[f"auth.{model}"]) for model in GROUPS}
    with other_numbers(globex) as numbers:
        found = together(work, [acme, globex, acme, globex])
    assert set(numbers.items()) != mine
    assert found == [mine, set(numbers.items())] * 2


def test_content_types_are_read_anew_in_another_epoch(
    acme, django_assert_num_queries
) -> None:
    with use(acme):
        ContentType.objects.get_for_model(ContentType)
    later = replace(acme, cache_epoch=acme.cache_epoch + 1)
    with use(later), django_assert_num_queries(1):
        ContentType.objects.get_for_model(ContentType)


def test_the_caches_of_the_least_used_tenants_are_dropped(acme) -> None:
    caches = Caches()
    with use_control():
        caches.of_context()["word"] = "old"
        assert caches.of_context() == {"word": "old"}
    for number in range(MOST_CONTEXTS):
        with use(replace(acme, uuid=UUID(int=number + 1))):
            caches.of_context()["word"] = number
    assert len(caches._kept) == MOST_CONTEXTS
    assert CONTROL_UUID not in {uuid for uuid, _epoch in caches._kept}


def test_nothing_is_cached_in_no_context() -> None:
    before = ContentTypeManager.__dict__["_cache"]._caches
    known = dict(before._kept)
    ContentType.objects._cache["default"] = {1: "nobody's"}
    assert ContentType.objects._cache == {}
    assert dict(before._kept) == known


def test_the_models_of_a_migration_are_cached_for_its_manager_alone(in_acme) -> None:
    ContentType.objects.clear_cache()
    historical: Any = ContentTypeManager()
    historical.model = type("ContentType", (), {})
    historical._cache["default"] = {1: "of a migration"}
    assert historical._cache == {"default": {1: "of a migration"}}
    assert ContentType.objects._cache == {}
    assert isinstance(ContentTypeManager.__dict__["_cache"], CacheByContext)


def test_there_is_no_table_of_sites_to_remember_one_of() -> None:
    assert not apps.is_installed("django.contrib.sites")


def test_permissions_are_remembered_on_the_person_alone(acme, globex, person) -> None:
    from django.contrib.auth.models import Permission

    def codes(tenant: TenantInfo) -> set[str]:
        who = person("bob", tenant)
        with use(tenant):
            return who.get_all_permissions()

    with use(acme):
        who = person("bob")
        who.user_permissions.add(Permission.objects.get(codename="add_group"))
    assert "auth.add_group" in codes(acme)
    assert "auth.add_group" not in codes(globex)
    assert person("bob", globex).pk == who.pk


# The key function

parts = st.tuples(
    st.one_of(st.none(), st.uuids()),
    st.integers(0, 30),
    st.integers(1, 3),
    st.integers(0, 12),
    st.one_of(st.text(alphabet="1:.-", max_size=6), st.uuids().map(lambda u: f"{u}:1")),
)


@given(one=parts, other=parts)
def test_two_keys_are_equal_only_where_all_their_parts_are(one, other) -> None:
    def made(part) -> str:
        uuid, epoch, generation, version, key = part
        if uuid is None:
            with use_control():
                return cache.key(key, "p", version)
        info = replace(ANYBODY, uuid=uuid, cache_epoch=epoch, generation=generation)
        with use(info):
            return cache.key(key, "p", version)

    def told(part) -> Any:  # the control plane has neither epoch nor generation
        return part if part[0] else (None, *part[3:])

    assert (made(one) == made(other)) == (told(one) == told(other))
