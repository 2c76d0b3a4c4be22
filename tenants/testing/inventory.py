"""What a product has that could cross tenants, and what was thought about each.

A task, command, receiver, cache use, storage use, thread or secret that the inventory
does not name fails the run; so does an entry that names nothing any more.
Operations and routes need no entry here: the matrix tries them all.
"""

import re
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from celery import Celery
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db import models
from django.db.models import signals

from tenants.testing.sources import uses
from tenants.testing.twins import label, meta, tenant_models

SIGNALS: Final = (
    "class_prepared",
    "pre_init",
    "post_init",
    "pre_save",
    "post_save",
    "pre_delete",
    "post_delete",
    "m2m_changed",
)
#: Columns whose names say that who knows the value gets in.
SECRET: Final = re.compile(
    r"(token|secret|key|code|password|ticket|signature|otp|credential)s?(_hash)?$"
    r"|_hash$|^hash$|_secret_|session_data"
)
#: What a secret, or its hash, is kept in.
HOLDERS: Final = (models.CharField, models.TextField, models.BinaryField)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is known, each with a sentence that says why it crosses no tenants.

    A name may be a pattern: `kernel.answers.*`.
    """

    tasks: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    receivers: Mapping[str, str] = field(default_factory=dict)
    caches: Mapping[str, str] = field(default_factory=dict)
    storages: Mapping[str, str] = field(default_factory=dict)
    threads: Mapping[str, str] = field(default_factory=dict)
    #: Columns that look like a secret and open nothing: `app.Model.field`.
    secrets: Mapping[str, str] = field(default_factory=dict)
    #: Packages without an app in INSTALLED_APPS whose sources are read as well.
    packages: tuple[str, ...] = ()
    #: Beginnings of module names that no tenant's work goes through.
    left_out: tuple[str, ...] = ()

    def is_left_out(self, module: str) -> bool:
        names = (*self.left_out, "tenants.testing")
        return any(module == name or module.startswith(f"{name}.") for name in names)

    def known(self) -> dict[str, Mapping[str, str]]:
        """Return the entries by the kind of thing that they are about."""
        return {
            "task": self.tasks,
            "command": self.commands,
            "receiver": self.receivers,
            "cache": self.caches,
            "storage": self.storages,
            "thread": self.threads,
            "secret": self.secrets,
        }


#: What to think about before an entry is written.
QUESTIONS: Final = {
    "task": "in whose context does it run, and what if its ids are another tenant's",
    "command": "which plane is it for; or let it declare one",
    "receiver": "in whose context is it called, and what does it touch",
    "cache": "what tells one tenant's value from another's",
    "storage": "whose folder is it",
    "thread": "what carries the tenant into it",
    "secret": "which kind of credential is it; or does it open nothing",
}


def problems(
    inventory: Inventory, *, app: Celery, held: Iterable[str], written_in: str
) -> list[str]:
    """Return a message for each thing without an entry and each entry without a thing.

    `held` are the models that kinds of credentials name as theirs.
    """
    there = found(inventory, app=app, held=frozenset(held))
    known = inventory.known()
    unknown = [
        f"The {kind} {name} is not in the inventory. Say in {written_in}, under"
        f" {kind}s: {QUESTIONS[kind]}?"
        for kind, names in there.items()
        for name in sorted(names)
        if not any(fnmatchcase(name, pattern) for pattern in known[kind])
    ]
    gone = [
        f"The {kind} {pattern} is in the inventory and nowhere else. Remove it from"
        f" {written_in}."
        for kind, names in there.items()
        for pattern in known[kind]
        if not any(fnmatchcase(name, pattern) for name in names)
    ]
    unexplained = [
        f"The {kind} {name} stands in {written_in} without a reason."
        for kind, entries in known.items()
        for name, reason in entries.items()
        if not reason.strip()
    ]
    return [*unknown, *gone, *unexplained]


def found(
    inventory: Inventory, *, app: Celery, held: frozenset[str] = frozenset()
) -> dict[str, set[str]]:
    """Return the names of everything that needs an entry."""
    used = uses(packages(inventory))
    by_kind = {
        kind: {
            use.place
            for use in used
            if use.kind == kind and not inventory.is_left_out(use.place)
        }
        for kind in ("cache", "storage", "thread")
    }
    return {
        "task": set(own(tasks(app), inventory)),
        "command": set(own(commands(), inventory)),
        "receiver": set(own(receivers(), inventory)),
        **by_kind,
        "secret": set(secrets_of(tenant_and_control_models(), held)),
    }


def own(named: Iterable[tuple[str, str]], inventory: Inventory) -> Iterator[str]:
    """Yield the names whose module is of the project."""
    for name, module in named:
        if is_own(module) and not inventory.is_left_out(module):
            yield name


def is_own(module: str) -> bool:
    """Tell whether a module is of the project, and not of an installed package."""
    top = sys.modules.get(module) or sys.modules.get(module.partition(".")[0])
    file = getattr(top, "__file__", None)
    return file is None or is_own_file(Path(file))


def is_own_file(file: Path) -> bool:
    parts = file.resolve().parts
    return "site-packages" not in parts and "dist-packages" not in parts


def packages(inventory: Inventory) -> list[tuple[str, Path]]:
    """Return the project's packages with their folders."""
    named = {config.name: Path(config.path) for config in apps.get_app_configs()}
    for name in inventory.packages:
        named[name] = Path(str(sys.modules[name].__file__)).parent
    tops = {name: path for name, path in named.items() if is_own_file(path)}
    return sorted(
        (name, path)
        for name, path in tops.items()
        if not inventory.is_left_out(name)
        and not any(path != other and other in path.parents for other in tops.values())
    )


# What there is


def tasks(app: Celery) -> Iterator[tuple[str, str]]:
    """Yield every task with its module."""
    app.loader.import_default_modules()
    for name, task in app.tasks.items():
        yield name, module_of(task.run)


def commands() -> Iterator[tuple[str, str]]:
    """Yield every command that does not declare its plane, with the app it is of."""
    for name, app in get_commands().items():
        module = app if isinstance(app, str) else type(app).__module__
        if is_own(module) and not hasattr(command_of(app, name), "plane"):
            yield f"{module}.{name}", module


def command_of(app: str | BaseCommand, name: str) -> BaseCommand:
    return load_command_class(app, name) if isinstance(app, str) else app


def receivers() -> Iterator[tuple[str, str]]:
    """Yield every receiver of a model's signals that hears of a tenant's model."""
    senders = {id(model): meta(model).label for model in tenant_models()}
    for signal in SIGNALS:
        for entry in getattr(signals, signal).receivers:
            (_, sender), receiver = entry[0], resolved(entry[1])
            of = "every model" if sender == id(None) else senders.get(sender)
            if receiver is None or of is None:
                continue
            name = f"{module_of(receiver)}.{qualified(receiver)}"
            yield f"{name} on {signal} of {of}", module_of(receiver)


def resolved(receiver: Any) -> Callable[..., Any] | None:
    """Return the function of a receiver that is held weakly."""
    if isinstance(receiver, weakref.ReferenceType):
        function: Callable[..., Any] | None = receiver()
        return function
    return receiver  # type: ignore[no-any-return]


def module_of(function: Any) -> str:
    return str(getattr(function, "__module__", "") or "")


def qualified(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def tenant_and_control_models() -> list[type[models.Model]]:
    """Return all models of the project's own apps."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if is_own(model.__module__)
    ]


def secrets_of(
    every: Iterable[type[models.Model]], held: frozenset[str]
) -> Iterator[str]:
    """Yield the columns that look like a secret and belong to no kind of credential."""
    for model in every:
        if meta(model).label in held:
            continue
        for column in meta(model).concrete_fields:
            if SECRET.search(column.name) and isinstance(column, HOLDERS):
                yield label(column)
