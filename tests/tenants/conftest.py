"""What the tests of tenants add to the cast."""

from collections.abc import Callable, Iterator

import pytest

from tenants.context import use_control
from tenants.models import Tenant
from tests.tenants import urls


@pytest.fixture
def in_control(db) -> Iterator[None]:
    with use_control():
        yield


@pytest.fixture
def own_routes(settings) -> None:
    settings.ROOT_URLCONF = "tests.tenants.urls"
    settings.PUBLIC_SCHEMA_URLCONF = "tests.tenants.urls"
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    urls.ends.clear()


@pytest.fixture
def tenant_row() -> Callable[[str], Tenant]:
    def find(slug: str) -> Tenant:
        with use_control():
            return Tenant.objects.get(slug=slug)

    return find
