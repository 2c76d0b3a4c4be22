"""What the tests of tenants add to the cast."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tenants import fleet
from tenants.context import use_control
from tenants.fleet import templates
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


@pytest.fixture
def quickly_compiled(transactional_db, monkeypatch) -> None:
    """Compile a template from the one that is there: all migrations take seconds.

    That both make the same is what TPL-5 is tested for.
    """
    found = fleet.find_template()
    assert found is not None
    again = partial(templates.replay, found.statements)
    monkeypatch.setattr(templates, "migrate", again)
