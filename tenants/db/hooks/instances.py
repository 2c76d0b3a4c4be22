"""Instances are asked before they are written, read again, or removed."""

from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet
from django.db.models.deletion import Collector
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import class_prepared

from tenants import stamp
from tenants.db.hooks.places import (
    Method,
    about_its_list,
    about_its_objects,
    replace,
)


def install() -> None:
    for name in (
        "save_base",
        "refresh_from_db",
        "full_clean",
        "clean_fields",
        "validate_unique",
        "validate_constraints",
        "prepare_database_save",
    ):
        replace(Model, name, about_itself)
    replace(Model, "__eq__", of_one_tenant)
    for name in ("bulk_create", "bulk_update"):
        replace(QuerySet, name, about_its_list)
    for name in ("contains", "update"):
        replace(QuerySet, name, about_its_objects)
    replace(Collector, "collect", about_collected)
    replace(Collector, "delete", about_all_collected)
    if hasattr(DeferredAttribute, "fetch_many"):  # Django 6.1
        replace(DeferredAttribute, "fetch_many", about_its_list)
    class_prepared.connect(ask_first, dispatch_uid="tenants.db.hooks")
    for model in apps.get_models(include_auto_created=True):
        ask_first(model)


def ask_first(sender: Any, **_: Any) -> None:
    """Let a model that has its own way to save or delete ask before it goes there."""
    for name in ("save", "delete"):
        if getattr(sender, name) is not getattr(Model, name):
            replace(sender, name, about_itself)


def about_itself(method: Method) -> Method:
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        stamp.check(self)
        return method(self, *args, **kwargs)

    return asked


def of_one_tenant(equal: Method) -> Method:
    """Let no row be equal to another tenant's, though all keys are the same."""

    def compared(self: Any, other: Any) -> Any:
        answer = equal(self, other)
        if answer is not True or self is other:
            return answer
        one, two = self._state.stamp, other._state.stamp  # noqa: SLF001 - as in stamp
        return one is two or one is None or two is None or one == two

    return compared


def about_collected(collect: Method) -> Method:
    """Ask about what is to be deleted; a queryset asks by itself."""

    def asked(self: Any, objs: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(objs, QuerySet):
            stamp.check_all(objs)
        collect(self, objs, *args, **kwargs)

    return asked


def about_all_collected(delete: Method) -> Method:
    def asked(self: Any) -> Any:
        for instances in self.data.values():
            stamp.check_all(instances)
        return delete(self)

    return asked
