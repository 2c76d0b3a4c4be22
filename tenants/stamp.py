"""Whose an instance or a query is: each remembers the context that it was made in.

    with use(acme):
        alice = User.objects.get(username="alice")
    with use(globex):
        alice.save()    # WrongTenantError, before any SQL

What was made in no context belongs to nobody yet: an instance to the first context
that uses it, a query to each context that clones it (`QUERYSET.all()`).
What was read may still be looked at in no context, where nobody else is served.

The checks are here; `db/hooks` and `db/compiler.py` say where Django asks for them.
"""

import logging
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

from kernel.errors import ApplicationError
from tenants.context import CONTROL, Control, TenantInfo, current, current_or_none
from tenants.db.router import labels

logger = logging.getLogger(__name__)

Instance = TypeVar("Instance")

#: Which migrations have run is written in every schema, and no app owns that table.
BOTH_PLANES: Final = frozenset({"migrations"})


class WrongTenantError(ApplicationError):
    """This was made for somebody else, so nothing was done with it."""

    code = "wrong_tenant"


class UnboundQuerySetError(ApplicationError):
    """This query was built for nobody; clone it where it is needed, as by all()."""

    code = "unbound_queryset"


class WrongPlaneError(ApplicationError):
    """What is asked for is not kept here."""

    code = "wrong_plane"


def mark() -> UUID | None:
    """Return what is stamped on things made now: the context's uuid, or None."""
    context = current_or_none()
    return None if context is None else context.uuid


# Instances


def check(instance: Any) -> None:
    """Let an instance be used here. Raises WrongTenantError."""
    context = current_or_none()
    if context is not None and instance._state.stamp is not context.uuid:  # noqa: SLF001 - where Django keeps what is not the row's
        _claim(instance, context)


def check_all(things: Iterable[Any]) -> None:
    """Let the instances among some things be used here. Raises WrongTenantError."""
    context = current_or_none()
    if context is None:
        return
    for thing in things:
        state = getattr(thing, "_state", None)
        if state is not None and state.stamp is not context.uuid:
            _claim(thing, context)


def require(instance: Any) -> None:
    """Let an instance shape a query that is built here.

    Raises WrongTenantError, and NoTenantError where there is no context: the query
    would belong to nobody, and what it asks for to the instance's tenant.
    """
    current()
    check(instance)


def relate(instance: Any, value: Any) -> None:
    """Let one instance point to another. Raises WrongTenantError."""
    if not hasattr(value, "_state"):
        return
    check(instance)
    check(value)
    one, other = instance._state, value._state  # noqa: SLF001 - as above
    if one.stamp is other.stamp:
        return
    # Only in no context may they still differ.
    if one.stamp is None:
        one.stamp = other.stamp
    elif other.stamp is None:
        other.stamp = one.stamp
    elif one.stamp != other.stamp:
        refuse(other.stamp, one.stamp, value)


def detach(instance: Instance) -> Instance:
    """Return the instance as nobody's: the next context that uses it owns it.

    What it knows of its relations is forgotten, as those stay with their tenant.
    Only for code that moves rows between tenants; a test lists the callers.
    """
    state: Any = instance._state  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    state.stamp = None
    state.fields_cache.clear()
    state.__dict__.pop("peers", None)
    instance.__dict__.pop("_prefetched_objects_cache", None)
    return instance


def _claim(instance: Any, context: TenantInfo | Control) -> None:
    state = instance._state  # noqa: SLF001 - as above
    if state.stamp is None:
        state.stamp = context.uuid
    elif state.stamp != context.uuid:
        refuse(state.stamp, context.uuid, instance)


# Queries


def check_query(query: Any) -> None:
    """Let a query become SQL here.

    Raises NoTenantError, UnboundQuerySetError, WrongTenantError, WrongPlaneError.
    """
    context = current()
    if query.stamp is not context.uuid:
        if query.stamp is None:
            raise UnboundQuerySetError
        if query.stamp != context.uuid:
            refuse(query.stamp, context.uuid, query.model)
    model = query.model
    if model is not None and model._meta.app_label not in _kept(context is CONTROL):  # noqa: SLF001 - Django's public name for it
        logger.error(
            "stamp.wrong_plane",
            extra={"model": model._meta.label, "here": str(context.uuid)},  # noqa: SLF001 - as above
        )
        raise WrongPlaneError


def check_results(queryset: Any) -> None:
    """Let what a queryset has read be used here.

    Raises WrongTenantError, and UnboundQuerySetError where nobody's queryset has read
    something: the next tenant would find it there.
    """
    context = current_or_none()
    # By its own name, since asking for `query` builds the filters that it put off.
    query = queryset._query  # noqa: SLF001 - as said
    if context is None or query.stamp is context.uuid:
        return
    if query.stamp is not None and query.stamp != context.uuid:
        refuse(query.stamp, context.uuid, queryset.model)
    if query.stamp is None and queryset._result_cache is not None:  # noqa: SLF001 - Django has no other name for it
        raise UnboundQuerySetError


@cache
def _kept(in_control: bool) -> frozenset[str]:  # noqa: FBT001 - private
    """Return the labels of the apps that keep tables in a plane."""
    return labels("control" if in_control else "tenant") | BOTH_PLANES


def refuse(owner: UUID, here: UUID, what: Any) -> NoReturn:
    """Raise WrongTenantError; who was meant stands in the log and nowhere else."""
    meta = getattr(what, "_meta", None)
    logger.error(
        "stamp.wrong_tenant",
        extra={
            "owner": str(owner),
            "here": str(here),
            "model": meta.label if meta else "",
        },
    )
    raise WrongTenantError


def install() -> None:
    """Put the checks in their places; once, when the apps are loaded."""
    from tenants.db import hooks

    hooks.install()
