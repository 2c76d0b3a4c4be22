"""Both ends of a relation are asked, and the managers that are kept of one."""

from typing import Any, Final

from django.db.models import Model, query
from django.db.models.fields import related_descriptors, related_lookups

from tenants import stamp
from tenants.db.hooks.places import (
    Method,
    about_its_list,
    about_its_objects,
    replace,
)

#: What a manager of related objects does with objects that it is given.
TAKES_OBJECTS: Final = frozenset({"add", "remove"})
TAKES_A_LIST: Final = frozenset({"set", "set_base"})


def install() -> None:
    from django.contrib.contenttypes import fields

    generic = getattr(fields, "GenericForeignKeyDescriptor", fields.GenericForeignKey)
    for to_one in (
        related_descriptors.ForwardManyToOneDescriptor,
        related_descriptors.ReverseOneToOneDescriptor,
        generic,
    ):
        replace(to_one, "__get__", about_its_holder)
        replace(to_one, "__set__", about_both_ends)
    to_many = related_descriptors.ReverseManyToOneDescriptor
    replace(to_many, "__get__", about_its_holder)
    replace(query, "prefetch_one_level", about_the_prefetched)
    replace(related_lookups, "get_normalized_value", about_the_value)
    for module, name in (
        (related_descriptors, "create_reverse_many_to_one_manager"),
        (related_descriptors, "create_forward_many_to_many_manager"),
        (fields, "create_generic_related_manager"),
    ):
        replace(module, name, asking)


def about_its_holder(get: Method) -> Method:
    def __get__(self: Any, instance: Any, cls: Any = None) -> Any:  # noqa: N807 - becomes the descriptor's
        if instance is not None:
            stamp.check(instance)
        return get(self, instance, cls)

    return __get__


def about_both_ends(set_: Method) -> Method:
    def __set__(self: Any, instance: Any, value: Any) -> None:  # noqa: N807 - becomes the descriptor's
        stamp.relate(instance, value)
        set_(self, instance, value)

    return __set__


def about_the_prefetched(prefetch: Method) -> Method:
    def asked(instances: Any, *args: Any, **kwargs: Any) -> Any:
        stamp.check_all(instances)
        return prefetch(instances, *args, **kwargs)

    return asked


def about_the_value(normalized: Method) -> Method:
    """Ask about an instance that a filter compares with."""

    def asked(value: Any, lhs: Any) -> Any:
        if isinstance(value, Model):
            stamp.require(value)
        return normalized(value, lhs)

    return asked


def asking(make: Method) -> Method:
    """Let a manager ask its instance at each look, as it may outlive its context."""

    def made(*args: Any, **kwargs: Any) -> Any:
        manager = make(*args, **kwargs)
        manager.instance = property(_look, _hold)
        replace(manager, "_apply_rel_filters", about_its_instance)
        for name in vars(manager).keys() & TAKES_OBJECTS:
            replace(manager, name, about_its_objects)
        for name in vars(manager).keys() & TAKES_A_LIST:
            replace(manager, name, about_its_list)
        return manager

    return made


def _look(manager: Any) -> Any:
    instance = vars(manager)["instance"]
    stamp.check(instance)
    return instance


def _hold(manager: Any, instance: Any) -> None:
    vars(manager)["instance"] = instance


def about_its_instance(filters: Method) -> Method:
    def asked(self: Any, queryset: Any) -> Any:
        stamp.require(self.instance)
        return filters(self, queryset)

    return asked
