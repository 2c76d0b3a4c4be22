"""L16: a cache key that collides, a foreign clear, or a name that is given again.

Swap and clone, which the class also names, do not exist yet: what they will do to a
cache is to raise the epoch or the generation, or to come with a new uuid, and that is
what is proved here.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import caches
from django.core.cache.backends import locmem
from django.core.cache.backends.base import default_key_func

from tenants import epochs
from tenants.cache import key
from tenants.context import TenantInfo, use, use_control
from tenants.models import Tenant

Plant = Callable[[str], None]


@pytest.fixture
def cache(settings) -> Iterator[Any]:
    settings.CACHES = {
        "default": {"BACKEND": "tenants.cache.LocMemCache", "LOCATION": uuid4().hex}
    }
    yield caches["default"]
    epochs._raised.clear()


@pytest.fixture
def successor(acme) -> TenantInfo:
    """Return another tenant, to which the slug of acme was given."""
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(slug="formerly-acme")
        return Tenant.objects.create(slug="acme", name="Acme").info()


def test_a_tenant_under_a_slug_that_was_given_again_reads_nothing(
    cache, acme, successor
) -> None:
    with use(acme):
        cache.set("k", "of the former acme")
    with use(successor):
        assert successor.slug == acme.slug
        assert cache.get("k") is None


def test_a_renamed_tenant_keeps_its_values(cache, acme) -> None:
    with use(acme):
        cache.set("k", "v")
    with use(replace(acme, slug="formerly-acme", name="Formerly Acme")):
        assert cache.get("k") == "v"


@pytest.mark.parametrize("number", ["cache_epoch", "generation"])
def test_a_tenant_that_begins_anew_reads_nothing_of_before(
    cache, acme, number: str
) -> None:
    with use(acme):
        cache.set("k", "old")
    with use(replace(acme, **{number: getattr(acme, number) + 1})):
        assert cache.get("k") is None


def test_a_schema_that_was_taken_over_brings_no_values_along(cache, acme) -> None:
    with use(acme):
        cache.set("k", "v")
    with use(replace(acme, uuid=uuid4())):
        assert cache.get("k") is None


def test_no_name_of_a_value_reaches_into_another_tenant(cache, acme, globex) -> None:
    with use(acme):
        cache.set("k", "of acme")
        own = key("k", "", 1)
    crafted = [own, f":{own}", own.lstrip(":"), f"{acme.uuid}:1:1:k", f"../{own}", "*"]
    for enter in (lambda: use(globex), use_control):
        with enter():
            assert cache.get_many(crafted) == {}
            cache.delete_many(crafted)
    with use(acme):
        assert cache.get("k") == "of acme"


def test_a_clear_leaves_every_other_tenant_alone(cache, acme, globex) -> None:
    with use(globex):
        cache.set("k", "of globex")
    with use_control():
        cache.set("k", "of the operators")
    with use(acme):
        cache.clear()
    with use(globex):
        assert cache.get("k") == "of globex"
    with use_control():
        assert cache.get("k") == "of the operators"
        cache.clear()
    with use(globex):
        assert cache.get("k") == "of globex"


# With the defences off, the leaks show


def test_a_key_without_the_tenant_would_be_shared(
    cache, acme, globex, monkeypatch
) -> None:
    monkeypatch.setattr(cache, "key_func", default_key_func)
    with use(acme):
        cache.set("k", "of acme")
    with use(globex):
        assert cache.get("k") == "of acme"


def test_a_key_with_the_slug_would_be_inherited(
    cache, acme, successor, monkeypatch
) -> None:
    from tenants.context import current_tenant

    monkeypatch.setattr(
        cache, "key_func", lambda key, *_: f"{current_tenant().slug}:{key}"
    )
    with use(acme):
        cache.set("k", "of the former acme")
    with use(successor):
        assert cache.get("k") == "of the former acme"


def test_djangos_own_clear_would_empty_the_cache_for_all(cache, acme, globex) -> None:
    with use(globex):
        cache.set("k", "of globex")
    with use(acme):
        locmem.LocMemCache.clear(cache)
    with use(globex):
        assert cache.get("k") is None
