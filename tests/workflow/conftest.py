"""What the tests of the workflow may ask for beside the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from tests.workflow import processes
from tests.workflow.counting import Killed, Statements, statements

__all__ = ["Killed", "Statements", "statements"]


@pytest.fixture(params=["optimistic", "pessimistic"])
def both_strategies(request, settings) -> str:
    settings.GOFLOW_LOCK_STRATEGY = request.param
    return request.param


@pytest.fixture
def installed(in_acme) -> Callable[..., Any]:
    """Return a publisher of processes in acme, which is entered."""
    return processes.install


@pytest.fixture
def managers(in_acme) -> Group:
    return Group.objects.get(name="Managers")
