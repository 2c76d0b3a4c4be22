"""The pytest plugin: `twins`, `canaries`, `matrix`, and the long form of a run.

    pytest_plugins = ["tenants.testing.plugin"]      # in the project's conftest.py

Nothing of Django is imported here: pytest-django reads the settings later.
"""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tenants.testing.canary import Watch
    from tenants.testing.matrix import Matrix
    from tenants.testing.plan import Plan
    from tenants.testing.twins import Twins

IS_LONG: Final = os.environ.get("ISOLATION") == "long"
MARK: Final = "long_isolation"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARK}: runs where ISOLATION=long is set, as `make isolation` does"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long form out of an ordinary run."""
    skip = pytest.mark.skip(reason="the long form: ISOLATION=long")
    for item in items:
        if not IS_LONG and item.get_closest_marker(MARK):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def isolation_plan() -> "Plan":
    """Return what the kit has to know; a project overrides this."""
    raise pytest.UsageError(
        "Write a fixture `isolation_plan` that returns a tenants.testing.plan.Plan."
    )


@pytest.fixture
def twins(db: None, isolation_plan: "Plan") -> "Twins":  # noqa: ARG001 - asked for its effect
    """Return two tenants alike in every key, name and hash, with different markers.

    The plan's story is told in the first, marked, and mirrored into the second.
    """
    from tenants.testing.making import make

    return make(isolation_plan)


@pytest.fixture
def canaries(twins: "Twins") -> Iterator["Watch"]:
    """Watch all that leaves the twins; the first foreign marker fails the test."""
    from tenants.testing.canary import strictly

    with strictly(twins) as watch:
        yield watch


@pytest.fixture
def isolation_visit() -> "Callable[..., Client]":
    """Return a maker of clients: `isolation_visit("acme.localhost")`."""
    from django.test import Client

    def visit(host: str, **headers: str) -> Client:
        return Client(
            SERVER_NAME=host,
            headers={"host": host, **headers},
            raise_request_exception=False,
        )

    return visit


@pytest.fixture
def matrix(
    isolation_plan: "Plan", twins: "Twins", isolation_visit: "Callable[..., Client]"
) -> "Matrix":
    """Return the walk of every door with what the first twin's people hold."""
    from tenants.testing.matrix import Matrix

    return Matrix(isolation_plan, twins, isolation_visit)
