"""The backend's SQL compilers: a query becomes SQL in its own context or not at all.

Each part of a query that has a compiler of its own is asked too: subqueries, the parts
of a union, the query inside an aggregate.
"""

from typing import Any

from django.db.backends.postgresql import compiler

from tenants import stamp


class Stamped:
    """Asks a query whose it is, before any part of its SQL is made."""

    query: Any

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        stamp.check_query(self.query)
        return super().as_sql(*args, **kwargs)  # type: ignore[misc]


class SQLCompiler(Stamped, compiler.SQLCompiler):
    def get_combinator_sql(self, *args: Any, **kwargs: Any) -> Any:
        # A union takes its parts as they are, and one of nobody's is cloned here.
        self.query.combined_queries = tuple(
            part if part.stamp else part.clone() for part in self.query.combined_queries
        )
        return super().get_combinator_sql(*args, **kwargs)


class SQLInsertCompiler(Stamped, compiler.SQLInsertCompiler):
    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        # Opens a cursor before it makes the SQL, and that tells the server the context.
        stamp.check_query(self.query)
        return super().execute_sql(*args, **kwargs)


class SQLDeleteCompiler(Stamped, compiler.SQLDeleteCompiler):
    pass


class SQLUpdateCompiler(Stamped, compiler.SQLUpdateCompiler):
    pass


class SQLAggregateCompiler(Stamped, compiler.SQLAggregateCompiler):
    pass
