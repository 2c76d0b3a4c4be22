"""What is kept in memory for one tenant is not served to another."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches

from tenants import cache
from tenants.contenttypes import MOST_CONTEXTS, CacheByContext
from tenants.context import CONTROL_UUID, NoTenantError, use, use_control


def test_a_cache_key_carries_the_tenant(acme, globex) -> None:
    with use(acme):
        mine = cache.key("k", "p", 1)
    with use(globex):
        theirs = cache.key("k", "p", 1)
    with use_control():
        ours = cache.key("k", "p", 1)
    assert mine == f"p:{acme.uuid}:1:k"
    assert theirs == f"p:{globex.uuid}:1:k"
    assert ours == "p:control:1:k"


def test_a_cache_key_without_a_context_is_an_error() -> None:
    with pytest.raises(NoTenantError):
        cache.key("k", "", 1)


def test_one_tenants_value_is_not_anothers(acme, globex, settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "KEY_FUNCTION": "tenants.cache.key",
        }
    }
    with use(acme):
        caches["default"].set("k", "of acme")
    with use(globex):
        assert caches["default"].get("k") is None
    with use(acme):
        assert caches["default"].get("k") == "of acme"
        caches["default"].delete("k")


def test_content_types_are_remembered_for_each_tenant(
    acme, globex, django_assert_num_queries
) -> None:
    for context in (use(acme), use(globex)):
        with context:
            ContentType.objects.clear_cache()
            with django_assert_num_queries(1):
                ContentType.objects.get_for_model(ContentType)
                ContentType.objects.get_for_model(ContentType)


def test_content_types_with_other_numbers_do_not_mix(acme, globex) -> None:
    with use(globex):
        ContentType.objects.filter(model="group").update(model="group_gone")
        number = ContentType.objects.get(model="permission").pk
        ContentType.objects.filter(pk=number).update(model="permission_gone")
        ContentType.objects.create(app_label="auth", model="permission")
        ContentType.objects.clear_cache()
    with use(acme):
        mine = ContentType.objects.get_by_natural_key("auth", "permission").pk
    with use(globex):
        theirs = ContentType.objects.get_by_natural_key("auth", "permission").pk
        assert ContentType.objects.get_for_id(theirs).model == "permission"
        ContentType.objects.clear_cache()
    assert mine != theirs


def test_the_caches_of_the_least_used_tenants_are_dropped(acme) -> None:
    kept = CacheByContext()
    with use_control():
        kept.__get__(None)["word"] = "old"
        assert kept.__get__(None) == {"word": "old"}
    for number in range(MOST_CONTEXTS):
        with use(replace(acme, uuid=UUID(int=number + 1))):
            kept.__get__(None)["word"] = number
    assert len(kept._caches) == MOST_CONTEXTS
    assert CONTROL_UUID not in kept._caches
