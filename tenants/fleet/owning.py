"""Work on a schema as the owner of its tables, and by Django's own migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate

from tenants import roles, states
from tenants.context import ENDLESS_MS, TenantInfo, as_owner, use, use_control


def run_migrations(**options: Any) -> None:
    """Let Django migrate the entered schema. Options are those of `migrate`."""
    call_command(DjangoMigrate(), **{"interactive": False, "verbosity": 0, **options})


@contextmanager
def bare(
    tenant: TenantInfo, *, lock_timeout_ms: int, statement_timeout_ms: int = ENDLESS_MS
) -> Iterator[None]:
    """Work as the owner of a tenant's tables, and leave the rights as they are.

    The limits hold for every statement in the block, outside of transactions too.
    """
    owner = as_owner(
        tenant,
        lock_timeout_ms=lock_timeout_ms,
        statement_timeout_ms=statement_timeout_ms,
    )
    with use(owner):
        yield


@contextmanager
def owned(tenant: TenantInfo) -> Iterator[None]:
    """Work as the owner of a tenant's tables; after it the role has its rights."""
    with use_control():
        roles.ensure(tenant)
    states.let_in_again(tenant)
    try:
        with use(as_owner(tenant)):
            yield
    finally:
        with use_control():
            roles.protect(tenant)
        states.let_in_again(tenant)  # tables that came now too
