"""Who sees a leave request."""

import pytest

from leave.models import LeaveRequest
from tenants.context import use


def seen_by(person) -> list[int]:
    return list(LeaveRequest.objects.visible_to(person).values_list("pk", flat=True))


def test_the_requester_sees_it(asked, alice):
    assert seen_by(alice) == [asked.pk]


def test_the_manager_who_holds_it_sees_it_and_still_afterwards(asked, finish, bob):
    assert seen_by(bob) == [asked.pk]
    finish(asked, bob, "APPROVED")
    assert seen_by(bob) == [asked.pk]


def test_hr_sees_it_once_there_is_work_for_hr(asked, finish, bob, carol):
    assert seen_by(carol) == []
    finish(asked, bob, "APPROVED")
    assert seen_by(carol) == [asked.pk]


def test_whoever_may_view_the_work_of_others_sees_all(asked, admin):
    assert seen_by(admin) == [asked.pk]


def test_a_colleague_does_not_see_it(asked, person):
    colleague = person("mallory")
    colleague.groups.clear()
    assert seen_by(colleague) == []


def test_another_tenant_has_its_own_requests(asked, globex, person):
    with use(globex):
        assert not LeaveRequest.objects.exists()
        assert seen_by(person("alice", globex)) == []


@pytest.mark.parametrize("username", ["alice", "bob"])
def test_a_list_is_one_statement(asked, person, username, django_assert_num_queries):
    reader = person(username)
    seen_by(reader)
    with django_assert_num_queries(1):
        seen_by(reader)
