"""One process at a time works on a run."""

from contextlib import AbstractContextManager
from uuid import UUID

from tenants.advisory import half, tried


def keys(tenant: UUID) -> tuple[int, int]:
    """Return the two 32-bit halves of an advisory lock: the tenant's, the purpose's."""
    return half(tenant.bytes), half(b"provisioning")


def run_lock(tenant: UUID) -> AbstractContextManager[bool]:
    """Return the block that is told whether it holds the run's lock."""
    return tried(keys(tenant))
