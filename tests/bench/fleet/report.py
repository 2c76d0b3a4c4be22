"""What is asked of a fleet."""

from typing import Final

from tests.bench.goals import Goal

GOALS: Final = (
    Goal("warm_vs_django_tenants", "times as fast to a first page, warm", 10),
    Goal("warm_p95_ms", "p95 of it, the product, ms", 300, 100, less_is_better=True),
    Goal("cold_vs_django_tenants", "times as fast to a first page, cold", 3),
    Goal("cold_500_vs_10", "cold among 500 against 10", 1.2, 1.0, less_is_better=True),
    Goal("noop_vs_django_tenants", "times as fast, nothing to migrate", 100),
    Goal("addfield_vs_django_tenants", "times as fast, ten columns", 25),
    Goal("addfield_ms", "ms a tenant, ten columns", 15, 7, less_is_better=True),
    Goal("export_vs_pg_dump", "times as fast as pg_dump -n", 20),
    Goal("export_ms", "ms for an export", 100, 50, less_is_better=True),
    Goal("idle_tick_statements", "statements a tick", 1, less_is_better=True, digits=0),
    Goal("idle_tick_ms", "ms a tick, 10,000 tenants", 5, 2, less_is_better=True),
    Goal("ask_ms", "ms for a certificate's name", 5, less_is_better=True),
    Goal("flood_p99_ratio", "p99 while another floods", 1.15, less_is_better=True),
)
