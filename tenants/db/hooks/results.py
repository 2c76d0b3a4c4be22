"""What a query has read is asked about again, as no compiler sees it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
from django.db.models.query import RawQuerySet
from django.db.models.sql.query import RawQuery

from tenants import stamp
from tenants.db.hooks.places import Method, replace


def install() -> None:
    for name in ("__getitem__", "contains", "count", "exists"):
        replace(QuerySet, name, about_its_results)
    # These would open a transaction, and break it by the compiler's refusal.
    for name in ("update", "bulk_update", "update_or_create"):
        replace(QuerySet, name, about_its_results)
    # These would write where they are called, and not where they were built.
    for name in ("create", "bulk_create", "get_or_create"):
        replace(QuerySet, name, about_its_results)
    replace(QuerySet, "_fetch_all", about_what_it_kept)
    replace(QuerySet, "iterator", row_by_row)
    replace(QuerySet, "aiterator", row_by_row_async)
    raw: Any = RawQuerySet
    raw._query = property(attrgetter("query"))  # noqa: SLF001 - the name in QuerySet
    replace(raw, "_fetch_all", about_what_it_kept)
    replace(raw, "iterator", row_by_row)
    replace(RawQuery, "_execute_query", about_the_raw)


def about_its_results(method: Method) -> Method:
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        stamp.check_results(self)
        return method(self, *args, **kwargs)

    return asked


def about_what_it_kept(fetch: Method) -> Method:
    """Ask about results; the compiler asks about those that are still to be read."""

    def asked(self: Any) -> None:
        if self._result_cache is not None:
            stamp.check_results(self)
        fetch(self)

    return asked


def about_the_raw(execute: Method) -> Method:
    def asked(self: Any) -> None:
        stamp.check_query(self)
        execute(self)

    return asked


def row_by_row(iterator: Method) -> Method:
    """Ask before each row: it becomes an instance of the context that asks for it.

    That goes for no context too, where it would be nobody's.
    """

    def asked(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        return _rows(self, iterator(self, *args, **kwargs))

    return asked


def _rows(queryset: Any, rows: Any) -> Iterator[Any]:
    # A cursor that is left to the garbage collector may end amid another's statement.
    with closing(rows):
        for row in rows:
            yield row
            _stay(queryset)


def row_by_row_async(iterator: Method) -> Method:
    async def asked(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        async with aclosing(iterator(self, *args, **kwargs)) as rows:
            async for row in rows:
                yield row
                _stay(self)

    return asked


def _stay(queryset: Any) -> None:
    query = queryset._query  # noqa: SLF001 - as in check_results
    if stamp.mark() is not query.stamp:
        stamp.check_query(query)
