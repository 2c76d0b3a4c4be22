"""Which tables the code expects in a tenant's schema, as one word and in its parts."""

import hashlib
import inspect
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path

import django
from django.apps import AppConfig, apps
from django.db.migrations.loader import MigrationLoader

from tenants import roles
from tenants.db.router import labels
from tenants.fleet import scripts


@cache
def of_code() -> str:
    """Return the revision of the running code: 16 hex digits.

    It changes with each migration of a tenant's app, with its models' permissions, with
    the rights of a tenant's role, with Django, and with how a script is read from the
    catalog.
    """
    return word(*rights(), *chain.from_iterable(parts()))


def parts_of_code() -> dict[str, str]:
    """Return a word for each part that a schema is made of, by the part's name.

    Code that has all the parts of other code, as they were, makes all that the other
    makes.
    """
    return {name: word(text) for name, text in parts()}


def parts() -> Iterator[tuple[str, str]]:
    yield "django", django.get_version()
    # What one reading leaves out, no other finds in a schema that was made of it.
    yield "script", scripts.SCRIPT
    yield from migrations()
    yield from permissions()


def word(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def rights() -> Iterator[str]:
    """Yield what a role may do: a schema that waits had its rights when it was made."""
    yield from roles.RIGHTS
    for table, taken in roles.protected():
        yield f"{table}: {taken}"


def migrations() -> Iterator[tuple[str, str]]:
    """Yield name and text of each migration of a tenant's schema."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for (label, name), migration in sorted(loader.disk_migrations.items()):
        if label in labels("tenant"):
            source = inspect.getsourcefile(import_module(type(migration).__module__))
            yield f"{label}.{name}", Path(source or "").read_text("utf-8")


def permissions() -> Iterator[tuple[str, str]]:
    """Yield what Django makes the permissions of, after migrating."""
    for config in tenant_apps():
        for model in config.get_models():
            meta = model._meta  # noqa: SLF001 - Django's public way to a model's options
            words = meta.default_permissions, meta.permissions, meta.verbose_name_raw
            yield f"model {meta.label}", str(words)


def tenant_apps() -> list[AppConfig]:
    """Return the apps whose tables are in a tenant's schema, by label."""
    found = (apps.get_app_config(label) for label in labels("tenant"))
    return sorted(found, key=lambda config: config.label)
