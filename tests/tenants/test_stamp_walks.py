"""Walks through contexts with rows in the hand, compared with a rule of three lines."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from tenants.context import NoTenantError
from tenants.stamp import UnboundQuerySetError, WrongTenantError
from tests.tenants.stamped import entered, filled

MODELS = (User, Group, Session, ContentType, LogEntry)
PLACES = ("acme", "globex", "control")
#: What is done with a row, and with a query.
WITH_ROWS = {
    "save": lambda row: row.save(),
    "refresh": lambda row: row.refresh_from_db(),
    "check": lambda row: row.validate_constraints(),
    "contains": lambda row: type(row)._base_manager.contains(row),
    "bulk_create": lambda row: type(row)._base_manager.bulk_create(
        [row], ignore_conflicts=True
    ),
}
WITH_QUERIES = {
    "list": list,
    "clone": lambda rows: list(rows.all()),
    "first": lambda rows: rows.first(),
    "count": lambda rows: rows.count(),
    "subquery": lambda rows: rows.model._base_manager.filter(pk__in=rows).count(),
    "union": lambda rows: rows.model._base_manager.order_by().union(rows).count(),
}
#: These read the query itself, which would keep the rows.
READ_IT = ("list",)

places = st.sampled_from((*PLACES, None))
walks = st.lists(
    st.tuples(places, st.sampled_from(sorted(WITH_ROWS))), min_size=1, max_size=5
)
readings = st.lists(
    st.tuples(places, st.sampled_from(sorted(WITH_QUERIES))), min_size=1, max_size=5
)
walking = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def outcome(everywhere: Any, place: str | None, use_it: Any) -> tuple[str, int]:
    """Return the error's name, or "", and the number of statements."""
    with CaptureQueriesContext(connection) as sent:
        try:
            if place is None:
                use_it()
            else:
                with entered(everywhere[place]):
                    use_it()
        except (NoTenantError, WrongTenantError, UnboundQuerySetError) as error:
            # The test's own transaction takes a write that failed for its end.
            transaction.set_rollback(False)
            return type(error).__name__, len(sent)
    return "", len(sent)


def values_of(row: Any) -> dict[str, Any]:
    fields = type(row)._meta.concrete_fields
    return {field.attname: getattr(row, field.attname) for field in fields}


def test_a_row_is_used_where_it_was_made_or_used_first(acme, globex) -> None:
    everywhere = filled(acme, globex)

    @walking
    @given(st.sampled_from(MODELS), st.sampled_from((*PLACES, None)), walks)
    def walk(model, home, steps) -> None:
        with entered(everywhere[home or "acme"]):
            read = model._base_manager.earliest("pk")
        row = model(**values_of(read)) if home is None else read
        owner = home
        for place, what in steps:
            result = outcome(everywhere, place, lambda: WITH_ROWS[what](row))  # noqa: B023 - called at once
            if place is None:
                assert result in (("NoTenantError", 0), ("", 0))
            elif owner in (None, place):
                owner = place
                assert result[0] == ""
            else:
                assert result == ("WrongTenantError", 0)

    walk()


def test_a_query_is_read_where_it_was_built_or_cloned(acme, globex) -> None:
    everywhere = filled(acme, globex)

    @walking
    @given(st.sampled_from(MODELS), st.sampled_from((*PLACES, None)), readings)
    def walk(model, home, steps) -> None:
        if home is None:
            rows = model._base_manager.order_by("pk")[:5]
        else:
            with entered(everywhere[home]):
                rows = model._base_manager.order_by("pk")[:5]
        was_read = False
        for place, what in steps:
            result = outcome(everywhere, place, lambda: WITH_QUERIES[what](rows))  # noqa: B023 - called at once
            if place is None:
                known = was_read and what in ("list", "count", "first")
                assert result == ("" if known else "NoTenantError", 0)
            elif home is None and what in READ_IT:
                assert result == ("UnboundQuerySetError", 0)
            elif home in (None, place):
                was_read = was_read or (home is not None and what in READ_IT)
                assert result[0] == ""
            else:
                assert result == ("WrongTenantError", 0)

    walk()
