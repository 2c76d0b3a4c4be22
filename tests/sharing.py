"""Rows that the tests of a module share: made once, in a transaction around them all.

    @pytest.fixture(scope="module")
    def sent(sharing) -> Iterator[WorkItem]:
        with sharing() as within:
            with within("acme") as person:
                install(approval())
                item = sent_for_approval(person("alice"), person("bob"))
            yield item

    @pytest.fixture
    def waiting(sent, in_acme) -> WorkItem:
        return deepcopy(sent)

What a test does is rolled back to them, as with Django's setUpTestData. A test that
commits ends the transaction, so it belongs into a module that does not share.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from tenants.context import use, use_control
from tests import twins

Person = Callable[[str], User]
Within = Callable[[str], AbstractContextManager[Person]]
Sharing = Callable[[], AbstractContextManager[Within]]


@pytest.fixture(scope="session")
def sharing(django_db_setup: None, django_db_blocker: Any) -> Sharing:
    """Return the block whose rows are there until it ends."""
    return partial(around, django_db_blocker)


@contextmanager
def around(blocker: Any) -> Iterator[Within]:
    block = transaction.atomic()
    block._from_testcase = True  # it stands for the database, as that of a test does
    with blocker.unblock(), use_control():
        block.__enter__()
    yield partial(within, blocker)
    with blocker.unblock(), use_control():
        assert connection.atomic_blocks[-1:] == [block], "a test ended what is shared"
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


@contextmanager
def within(blocker: Any, slug: str) -> Iterator[Person]:
    """Enter a tenant to make rows there; the finder of its people is for this block."""
    with blocker.unblock(), use(twins.info(slug)):
        yield lambda name: User.objects.get(username=name)
