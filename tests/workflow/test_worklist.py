"""The first pages of a worklist are read only as far as they go, and are no others."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from tests.workflow.counting import statements
from tests.workflow.processes import approval as approval_process
from tests.workflow.processes import at, do, document, install
from workflow import worklist
from workflow.models import ProcessInstance, WorkItem


@pytest.fixture(scope="module")
def all_work(sharing) -> Iterator[None]:
    with sharing() as within:
        with within("acme") as person:
            make_work(person("alice"), person("bob"))
        yield


def make_work(alice: User, bob: User) -> None:
    """Held by bob: 3. Offered to all: 2. Offered to his group: 2, and to another: 2."""
    install(approval_process("open"))
    install(approval_process("group", roles=("Managers",)))
    install(approval_process("others", roles=("HR",)))
    for number, code in enumerate(("open", "group", "others") * 3):
        item = ProcessInstance.objects.start(
            code, alice, document(alice), priority=number % 4
        )
        do(item, alice)
    ask = [ProcessInstance.objects.start("open", bob, document(bob)) for _ in range(2)]
    at(ask[0].instance, "ask").activate(bob)
    WorkItem.objects.filter(activity__key="approve").earliest("id").activate(bob)


@pytest.fixture
def work(all_work, in_acme) -> None:
    """Enter acme, where much is to be done."""


@pytest.mark.parametrize("held", [None, True, False])
@pytest.mark.parametrize("part", [slice(3), slice(2, 5), slice(50), slice(50, 100)])
@pytest.mark.usefixtures("work")
def test_a_part_is_the_same_as_of_the_whole_list(bob, held, part):
    whole = list(worklist.mine(bob, held=held))
    assert len(whole) == {None: 8, True: 3, False: 5}[held]
    assert worklist.first(bob, part, held=held) == whole[part]


@pytest.mark.usefixtures("work")
def test_b12_a_page_takes_two_statements_with_all_that_it_shows(bob):
    with statements() as seen:
        for item in worklist.first(bob, slice(50)):
            worklist.row(item, worklist.my_state(item), reader=bob)
    assert len(seen.seen) == 2


@pytest.mark.usefixtures("work")
def test_a_work_item_of_several_groups_is_listed_once(bob):
    bob.groups.add(Group.objects.get(name="HR"))
    item = WorkItem.objects.filter(pull_roles__name="Managers").first()
    item.pull_roles.add(Group.objects.get(name="HR"))
    listed = worklist.first(bob, slice(50))
    assert len(listed) == len(set(listed)) == 11
    assert listed == list(worklist.mine(bob))


@pytest.mark.usefixtures("work")
def test_the_sidebar_counts_what_the_list_shows(bob):
    assert worklist.open_count(bob) == 8
