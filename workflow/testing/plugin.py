"""The pytest plugin: the fixture `process`.

    pytest_plugins = ["workflow.testing.plugin"]     # in the project's conftest.py

    @pytest.fixture
    def process_tenant(acme: TenantInfo) -> TenantInfo:
        return acme

Nothing of Django is imported here: pytest-django reads the settings later.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tenants.context import TenantInfo
    from workflow.testing.driving import Processes


@pytest.fixture
def process_tenant() -> "TenantInfo":
    """Return the tenant whose processes are driven; a project overrides this."""
    raise pytest.UsageError(
        "Write a fixture `process_tenant` that returns a tenants.context.TenantInfo."
    )


@pytest.fixture
def process(
    db: None,  # noqa: ARG001 - asked for its effect
    process_tenant: "TenantInfo",
) -> Iterator["Processes"]:
    """Return what drives processes; the tenant is entered and the clock stands."""
    from kernel import clock
    from tenants.context import use
    from workflow.testing.driving import Processes

    with use(process_tenant), clock.frozen():
        driven = Processes()
        yield driven
        driven.close()
