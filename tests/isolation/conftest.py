"""What the tests of isolation share: the twins of a module, a mailbox of their own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tenants.testing.plan import Plan
from tenants.testing.twins import Twins


@pytest.fixture(scope="module")
def told_twins(
    sharing: Any, django_db_blocker: Any, isolation_plan: Plan
) -> Iterator[Twins]:
    """Return twins that the tests of a module share; what a test does is undone."""
    from tenants.testing.making import make

    with sharing():
        with django_db_blocker.unblock():
            made = make(isolation_plan)
        yield made


@pytest.fixture
def twins(told_twins: Twins, db: None) -> Twins:
    return told_twins


@pytest.fixture(autouse=True)
def mailbox_dir(settings, tmp_path) -> None:
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture(autouse=True)
def media_dir(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _wrong_tokens_are_not_stopped(settings) -> None:
    """Let each door refuse for itself: one client tries them all in a minute."""
    settings.ACCOUNTS_LIMITS = {"api_token.client": (100_000, 60)}
