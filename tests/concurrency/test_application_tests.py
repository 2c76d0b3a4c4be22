"""Test processes made, removed and started from two sides, in real transactions."""

from typing import Any

import pytest

from accounts.models import User
from tenants.context import TenantInfo, use
from tests import twins
from tests.concurrency.racing import race
from workflow import new_documents, starting
from workflow.application_tests import Removed, make_test_process, remove_test_process
from workflow.errors import ProcessNotFound
from workflow.models import Process, ProcessInstance

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5
NAME = "edit_model"
CODE = "test_edit_model"


@pytest.fixture
def tenant() -> TenantInfo:
    return twins.info("acme")


def boss() -> User:
    return User.objects.get(username="admin")


def make() -> Any:
    return make_test_process(NAME, by=boss())


def remove() -> Any:
    return remove_test_process(NAME, by=boss())


def start(**values: Any) -> Any:
    about = new_documents.default_document(by=boss())
    return starting.start_process(CODE, document=about, by=boss(), **values)


def test_of_two_presses_at_once_one_makes_it(tenant):
    for _ in range(ROUNDS):
        first, second = race(tenant, make, make)
        assert first.process == second.process
        assert {first.is_new, second.is_new} == {True, False}
        results = race(tenant, remove, remove)
        assert sorted(results, key=str) == [Removed(kept=0), "process.not_found"]
        with use(tenant):
            assert not Process.objects.filter(code=CODE).exists()


def test_what_is_removed_while_somebody_starts_it_is_not_found(tenant):
    """The step has read the version when the version goes."""
    with use(tenant):
        make()
        with pytest.raises(ProcessNotFound):
            start(save=lambda: race(tenant, remove))
        assert not Process.objects.filter(code=CODE).exists()
        assert not ProcessInstance.objects.filter(process__code=CODE).exists()


def test_a_start_and_a_removal_at_once_leave_no_instance_without_its_version(tenant):
    for _ in range(ROUNDS):
        with use(tenant):
            make()
        started, removed = race(tenant, start, remove)
        assert not isinstance(started, BaseException), started
        assert not isinstance(removed, BaseException), removed
        if started == "process.not_found":
            continue
        with use(tenant):
            row = ProcessInstance.objects.select_related("process").get(
                pk=started.instance_id
            )
            assert row.process.status == "retired"
