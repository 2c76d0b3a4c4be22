"""Instances and queries get their stamp as they are made, and queries as they clone."""

from typing import Any

from django.db.models import base
from django.db.models.query import RawQuerySet
from django.db.models.sql.query import Query, RawQuery

from tenants import context, stamp
from tenants.db.hooks.places import Method, replace


def install() -> None:
    state: Any = base.ModelState
    state.stamp = None
    state.__init__ = marked_state
    query: Any = Query
    query.stamp = None
    raw: Any = RawQuery
    raw.stamp = raw.model = None
    replace(Query, "__init__", marked)
    replace(Query, "clone", bound)
    replace(Query, "combine", of_one_mark)
    replace(RawQuery, "__init__", marked_raw)
    replace(RawQuery, "clone", of_the_same_mark)
    replace(RawQuerySet, "__init__", bound_raw)


def marked_state(self: Any) -> None:
    here = context._current.get()  # noqa: SLF001 - of each row that is read, so by the shortest way
    if here is not None:
        self.stamp = here.uuid


def marked(make: Method) -> Method:
    def __init__(self: Any, model: Any, alias_cols: bool = True) -> None:  # noqa: FBT001, FBT002, N807 - Django's signature
        here = context.current_or_none()
        if here is not None:
            self.stamp = here.uuid
        make(self, model, alias_cols)

    return __init__


def bound(clone: Method) -> Method:
    """Let a clone of nobody's query be the context's, and any other its owner's."""

    def cloned(self: Any) -> Any:
        made = clone(self)
        if made.stamp is None:
            made.stamp = stamp.mark()
        return made

    return cloned


def of_one_mark(combine: Method) -> Method:
    def combined(self: Any, rhs: Any, *args: Any, **kwargs: Any) -> None:
        if self.stamp is None:
            self.stamp = rhs.stamp
        elif rhs.stamp is not None and rhs.stamp != self.stamp:
            stamp.refuse(rhs.stamp, self.stamp, rhs.model)
        combine(self, rhs, *args, **kwargs)

    return combined


def marked_raw(make: Method) -> Method:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - becomes the constructor
        self.stamp = stamp.mark()
        make(self, *args, **kwargs)

    return __init__


def of_the_same_mark(clone: Method) -> Method:
    """Keep the owner: a raw query's clone is made anew, and would be the context's."""

    def cloned(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = clone(self, *args, **kwargs)
        made.stamp = self.stamp or made.stamp
        return made

    return cloned


def bound_raw(make: Method) -> Method:
    """Clone nobody's raw query, which clones of the queryset would share.

    It also learns its model, to be asked for its plane.
    """

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - becomes the constructor
        make(self, *args, **kwargs)
        if self.query.stamp is None:
            self.query = self.query.clone(self.query.using)
        self.query.model = self.model

    return __init__
