"""One process at a time exports a tenant, swaps it or puts it away."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tenants.advisory import half, tried
from tenants.portability.errors import Busy


@contextmanager
def alone(tenant: UUID, purpose: str = "export") -> Iterator[None]:
    """Hold the tenant's lock of a purpose. Raises Busy where another process has it."""
    with tried((half(tenant.bytes), half(f"portability.{purpose}".encode()))) as ours:
        if not ours:
            raise Busy(f"Another {purpose} of this tenant is under way.")
        yield
