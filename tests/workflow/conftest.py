"""What the tests of the workflow may ask for beside the cast."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings

from tests.workflow import processes
from tests.workflow.counting import Killed, Statements, statements

__all__ = ["Killed", "Statements", "statements"]


@pytest.fixture(scope="module", params=["optimistic", "pessimistic"])
def both_strategies(request) -> Iterator[str]:
    with override_settings(GOFLOW_LOCK_STRATEGY=request.param):
        yield request.param


@pytest.fixture
def installed(in_acme) -> Callable[..., Any]:
    """Return a publisher of processes in acme, which is entered."""
    return processes.install


@pytest.fixture
def managers(in_acme) -> Group:
    return Group.objects.get(name="Managers")
