"""Say at start-up which setting would let a value cross from a tenant to another."""

from collections.abc import Iterator
from typing import Final

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.checks import CheckMessage, Error
from django.core.files.storage import storages
from django.db.models import FileField

from tenants.cache import ByTenant
from tenants.storage import TenantStorage

SESSION_ENGINE: Final = "tenants.sessions"
SIGNING_BACKEND: Final = "tenants.signing.TimestampSigner"
#: A domain here would send one tenant's cookie to every other.
COOKIE_DOMAINS: Final = (
    "SESSION_COOKIE_DOMAIN",
    "CSRF_COOKIE_DOMAIN",
    "LANGUAGE_COOKIE_DOMAIN",
)
#: Files of the program, the same for all tenants.
PROGRAM_FILES: Final = frozenset({"staticfiles"})


def safe_settings(app_configs: object, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001 - the signature of a check
    """Check cookies, sessions, signatures, caches and storages."""
    return [
        *shared_cookies(),
        *shared_sessions(),
        *shared_caches(),
        *shared_storages(),
        *shared_fields(),
    ]


def shared_cookies() -> Iterator[CheckMessage]:
    for name in COOKIE_DOMAINS:
        if getattr(settings, name, None):
            yield Error(
                f"{name} sends a tenant's cookie to all others; leave it out.",
                id="tenants.E010",
            )


def shared_sessions() -> Iterator[CheckMessage]:
    wanted = {"SESSION_ENGINE": SESSION_ENGINE, "SIGNING_BACKEND": SIGNING_BACKEND}
    for name, only in wanted.items():
        if getattr(settings, name) != only:
            yield Error(
                f"{name} has to be {only!r}: others know no tenants.",
                id="tenants.E011",
            )


def shared_caches() -> Iterator[CheckMessage]:
    for name in settings.CACHES:
        if not isinstance(caches[name], ByTenant | DummyCache):
            yield Error(
                f"The cache {name!r} is one for all tenants; take tenants.cache's.",
                id="tenants.E012",
            )


def shared_storages() -> Iterator[CheckMessage]:
    for name in settings.STORAGES.keys() - PROGRAM_FILES:
        if not isinstance(storages[name], TenantStorage):
            yield Error(
                f"The storage {name!r} is one for all tenants; wrap it in"
                " tenants.storage.TenantStorage.",
                id="tenants.E013",
            )


def shared_fields() -> Iterator[CheckMessage]:
    for model in apps.get_models():
        for field in model._meta.get_fields():  # noqa: SLF001 - Django's public name for it
            if isinstance(field, FileField) and not hasattr(field.storage, "held_by"):
                yield Error(
                    f"{field} keeps its files in a storage that is one for all.",
                    obj=model,
                    id="tenants.E014",
                )
