"""What the tests of tenants add to the cast."""

from collections.abc import Callable, Iterator

import pytest

from tenants.context import use_control
from tenants.models import Tenant


@pytest.fixture
def in_control(db) -> Iterator[None]:
    with use_control():
        yield


@pytest.fixture
def tenant_row() -> Callable[[str], Tenant]:
    def find(slug: str) -> Tenant:
        with use_control():
            return Tenant.objects.get(slug=slug)

    return find
