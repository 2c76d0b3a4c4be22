"""Each thing that can be done with a query, in a context of somebody else."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import serializers
from django.db import connection
from django.db.models import Count, Exists, Model, Prefetch, prefetch_related_objects
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tenants.context import NoTenantError, use, use_control
from tenants.models import Domain
from tenants.stamp import WrongPlaneError, WrongTenantError
from tests import twins
from tests.tenants.stamped import (
    KEPT,
    WRITTEN,
    Context,
    collected,
    crossings,
    entered,
    filled,
    refused,
    waiting,
)


@pytest.fixture
def everywhere(acme, globex) -> dict[str, Context]:
    return filled(acme, globex)


def all_of(rows: Any) -> Any:
    """Return a query of this context for the same model."""
    return rows.model._base_manager.order_by()


def written(rows: Any) -> dict[str, object]:
    return dict([WRITTEN[rows.model]])


OF_A_QUERY: dict[str, Callable[[Any], object]] = {
    "list": list,
    "len": len,
    "bool": bool,
    "repr": repr,
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "index": lambda rows: rows[0],
    "slice": lambda rows: list(rows[:2]),
    "get": lambda rows: rows.get(pk=1),
    "in": lambda rows: 1 in rows,
    "earliest": lambda rows: rows.earliest("pk"),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "aggregate": lambda rows: rows.aggregate(Count("pk")),
    "aggregate of a slice": lambda rows: rows[:3].aggregate(Count("pk")),
    "values": lambda rows: list(rows.values()),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "named": lambda rows: list(rows.values_list("pk", named=True)),
    "in_bulk": lambda rows: rows.in_bulk(),
    "iterator": lambda rows: list(rows.iterator()),
    "filter": lambda rows: list(rows.filter(pk=1)),
    "annotate": lambda rows: list(rows.annotate(n=Count("pk"))),
    "none": lambda rows: list(rows.none()),
    "for update": lambda rows: list(rows.select_for_update()),
    "explain": lambda rows: rows.explain(),
    "its SQL": lambda rows: str(rows.query),
    "update": lambda rows: rows.update(**written(rows)),
    "delete": lambda rows: rows.delete(),
    "raw delete": lambda rows: rows._raw_delete("default"),
    "get_or_create": lambda rows: rows.get_or_create(pk=1),
    "update_or_create": lambda rows: rows.update_or_create(pk=1),
    "bulk_update": lambda rows: rows.bulk_update([rows.model(pk=1)], [*written(rows)]),
    "subquery": lambda rows: list(all_of(rows).filter(pk__in=rows.values("pk"))),
    "exists in another": lambda rows: list(all_of(rows).filter(Exists(rows))),
    "delete by it": lambda rows: all_of(rows).filter(pk__in=rows.values("pk")).delete(),
    "update by it": lambda rows: (
        all_of(rows).filter(pk__in=rows.values("pk")).update(**written(rows))
    ),
    "or": lambda rows: list(all_of(rows) | rows),
    "and": lambda rows: list(rows & all_of(rows)),
    "xor": lambda rows: list(all_of(rows) ^ rows),
    "union": lambda rows: list(rows.order_by().union(all_of(rows))),
    "part of a union": lambda rows: list(all_of(rows).union(rows.order_by())),
    "copy": lambda rows: list(copy.deepcopy(rows)),
    "pickle": pickle.dumps,
    "serialize": lambda rows: serializers.serialize("json", rows),
    "acount": lambda rows: waiting(rows.acount),
    "afirst": lambda rows: waiting(rows.afirst),
    "aexists": lambda rows: waiting(rows.aexists),
    "aget": lambda rows: waiting(rows.aget, pk=1),
    "aupdate": lambda rows: waiting(rows.aupdate, **written(rows)),
    "adelete": lambda rows: waiting(rows.adelete),
    "async for": lambda rows: waiting(collected, rows),
    "aiterator": lambda rows: waiting(collected, rows.aiterator()),
}
#: What begins with a query of the context that it is done in.
WITH_ANOTHER = (
    "subquery",
    "exists in another",
    "delete by it",
    "update by it",
    "part of a union",
)
#: What is done without SQL where the rows were read before.
OF_RESULTS = (
    "list",
    "len",
    "bool",
    "index",
    "slice",
    "in",
    "count",
    "exists",
    "pickle",
    "async for",
)


@pytest.mark.parametrize("model", WRITTEN)
def test_a_query_is_asked_in_its_own_context_only(model, everywhere) -> None:
    for home, away in crossings(model):
        for what, use_it in OF_A_QUERY.items():
            with entered(everywhere[home]):
                rows = model._base_manager.all()
            # With a query of its own, a plane that does not keep the model says so.
            errors = [WrongTenantError]
            if what in WITH_ANOTHER and model not in KEPT[away]:
                errors.append(WrongPlaneError)
            with entered(everywhere[away]), refused(*errors, doing=what):
                use_it(rows)


@pytest.mark.parametrize("model", WRITTEN)
def test_what_was_read_is_not_shown_to_somebody_else(model, everywhere) -> None:
    for home, away in crossings(model):
        with entered(everywhere[home]):
            rows = model._base_manager.all()
            assert len(rows) > 0
        for what in OF_RESULTS:
            with entered(everywhere[away]), refused(doing=what):
                OF_A_QUERY[what](rows)


def test_a_row_is_not_looked_up_in_what_somebody_else_read(everywhere, globex) -> None:
    with entered(everywhere["acme"]):
        rows = User.objects.all()
        assert len(rows) > 0
    with entered(globex):
        alice = User.objects.get(username="alice")
        with refused():
            rows.contains(alice)


def test_what_was_read_may_be_looked_at_in_no_context(acme) -> None:
    with use(acme):
        rows = User.objects.all()
        assert len(rows) > 0
    assert {row.last_name for row in rows} == {"", "Acme"}


def test_a_query_is_not_asked_in_no_context(acme) -> None:
    with use(acme):
        rows = User.objects.all()
    with refused(NoTenantError):
        list(rows)


# Raw queries


def raw(model: type[Model]) -> Any:
    table = connection.ops.quote_name(model._meta.db_table)
    return model._base_manager.raw(f"SELECT * FROM {table}")


OF_A_RAW_QUERY: dict[str, Callable[[Any], object]] = {
    "list": list,
    "len": len,
    "bool": bool,
    "index": lambda rows: rows[0],
    "columns": lambda rows: rows.columns,
    "iterator": lambda rows: list(rows.iterator()),
    "here": lambda rows: list(rows.using("default")),
    "prefetch": lambda rows: list(rows.prefetch_related(None)),
    "async for": lambda rows: waiting(collected, rows),
}


@pytest.mark.parametrize("model", WRITTEN)
def test_a_raw_query_is_asked_in_its_own_context_only(model, everywhere) -> None:
    for home, away in crossings(model):
        for what, use_it in OF_A_RAW_QUERY.items():
            with entered(everywhere[home]):
                rows = raw(model)
            with entered(everywhere[away]), refused(doing=what):
                use_it(rows)
        with entered(everywhere[home]):
            assert len(rows) > 0
        with entered(everywhere[away]), refused():
            len(rows)


# Rows that come one by one

STREAMS: dict[str, Callable[[], Any]] = {
    "in chunks": User.objects.iterator,
    "one at a time": lambda: User.objects.iterator(chunk_size=1),
    "prefetched": lambda: User.objects.prefetch_related("groups").iterator(1),
    "values": lambda: User.objects.values("pk").iterator(),
    "raw": lambda: raw(User).iterator(),
}


@pytest.mark.parametrize("how", STREAMS)
def test_rows_that_come_one_by_one_stay_with_their_tenant(how, acme, globex) -> None:
    with use(acme):
        abroad, nowhere, home = STREAMS[how](), STREAMS[how](), STREAMS[how]()
        for rows in (abroad, nowhere, home):
            next(rows)
    with use(globex), refused():
        next(abroad)
    with refused(NoTenantError):
        next(nowhere)
    with use(acme):
        assert len(list(home)) == User.objects.count() - 1


def test_so_they_do_in_a_coroutine(acme, globex) -> None:
    async def cross() -> None:
        with use(acme):
            rows = User.objects.aiterator()
            await anext(rows)
        with use(globex), pytest.raises(WrongTenantError):
            await anext(rows)

    with CaptureQueriesContext(connection) as sent:
        waiting(cross)
    assert len(sent) == 1


def test_whoever_goes_through_the_tenants_enters_each(acme, globex) -> None:
    seen = []
    with use_control():
        for domain in Domain.objects.order_by("domain").iterator():
            with use({"acme.localhost": acme}.get(domain.domain, globex)):
                seen.append(User.objects.filter(last_name="Acme").count())
    assert seen == [len(twins.CAST), 0]


# Prefetching


def test_what_was_prefetched_is_asked_once_more(acme, globex) -> None:
    with use(acme):
        alice = User.objects.prefetch_related("groups").get(username="alice")
        groups = alice.groups.all()
        assert [group.name for group in groups] == ["Employees"]
    with use(globex):
        with refused():
            list(groups)
        with refused():
            alice.groups.all()
    assert [group.name for group in alice.groups.all()] == ["Employees"]


def test_nothing_is_prefetched_by_somebody_elses_query(acme, globex) -> None:
    with use(acme):
        permissions = Permission.objects.all()
    with use(globex):
        groups = list(Group.objects.all())
        lookup = Prefetch("permissions", queryset=permissions)
        with refused():
            prefetch_related_objects(groups, lookup)


def test_rows_of_two_tenants_are_not_prefetched_together(acme, globex) -> None:
    with use(acme):
        alice = User.objects.get(username="alice")
    with use(globex):
        bob = User.objects.get(username="bob")
        with refused():
            prefetch_related_objects([bob, alice], "groups")
    assert not hasattr(alice, "_prefetched_objects_cache") or not (
        alice._prefetched_objects_cache
    )
