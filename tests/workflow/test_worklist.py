"""The first pages of a worklist are read only as far as they go, and are no others."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import translation

from accounts.models import User
from kernel import clock
from tenants.context import use
from tests.workflow.counting import statements
from tests.workflow.processes import approval as approval_process
from tests.workflow.processes import at, do, document, install, start
from workflow import open_counts, worklist
from workflow.models import ProcessInstance, Timer, WorkItem


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


@pytest.mark.usefixtures("work")
def test_the_statement_of_the_sidebar_is_of_nobody_and_of_no_tenant(
    acme, globex, person
):
    """It is made once, for whoever comes first."""
    for tenant in (acme, globex):
        for name in ("alice", "bob", "carol", "admin", "mallory"):
            user = person(name, tenant)
            with use(tenant), statements() as seen:
                found = worklist.open_count(user)
                assert len(seen.seen) == 1
                assert found == worklist._counted_rows(user).count()
    with use(globex):
        assert worklist.open_count(person("bob", globex)) == 0


@pytest.mark.usefixtures("work")
def test_the_sidebar_stops_counting(bob, monkeypatch):
    monkeypatch.setattr(worklist, "MOST_COUNTED", 4)
    open_counts._statement.cache_clear()
    assert worklist.open_count(bob) == 4
    open_counts._statement.cache_clear()


# The numbers above the list


@pytest.mark.usefixtures("work")
def test_the_numbers_above_the_list_are_those_of_the_whole(bob):
    with statements() as seen:
        found = worklist.counts(bob)
    assert len(seen.seen) == 1
    assert found == worklist.Counts(total=8, held=3, offered=5, late=0, today=0)
    assert [type(number) for number in vars_of(found)] == [int] * 5


def vars_of(found):
    return [getattr(found, name) for name in worklist.Counts.__slots__]


@pytest.mark.usefixtures("work")
def test_of_a_long_list_the_beginning_is_counted(bob, monkeypatch):
    monkeypatch.setattr(worklist, "MOST_LISTED", 4)
    found = worklist.counts(bob)
    assert (found.total, found.held, found.offered) == (4, 3, 4)
    assert list(map(str, vars_of(found))) == ["4+", "3", "4+", "0+", "0+"]
    shown = [(str(figure.number), figure.words) for figure in worklist.figures(found)]
    assert shown == [("4+", "wait for you")]
    monkeypatch.setattr(worklist, "MOST_LISTED", 5)
    found = worklist.counts(bob)
    assert list(map(str, vars_of(found))) == ["5+", "3", "5", "0", "0"]


def test_a_number_at_which_counting_stopped_has_a_plus():
    assert str(worklist.AtLeast(1000)) == "1,000+"
    assert str(worklist.AtLeast(37)) == "37+"
    with translation.override("de"):
        assert str(worklist.AtLeast(1000)) == "1.000+"
    assert worklist.bounded(1000) == 1000
    assert type(worklist.bounded(1000)) is int
    assert str(worklist.bounded(1001)) == "1,000+"


@pytest.mark.usefixtures("work")
def test_late_work_of_a_long_list_is_at_least_so_much(bob, monkeypatch):
    item = worklist.first(bob, slice(1))[0]
    Timer.objects.filter(workitem=item).delete()
    Timer.objects.create(
        kind="timeout",
        workitem=item,
        instance=item.instance,
        due_at=clock.now() - timedelta(hours=1),
    )
    assert worklist.counts(bob).late == 1
    monkeypatch.setattr(worklist, "MOST_LISTED", 4)
    late = worklist.figures(worklist.counts(bob))[1]
    assert (str(late.number), late.words) == ("1+", "late")


def test_the_page_of_a_long_list_shows_the_plus(browser_of, acme, monkeypatch, alice):
    with use(acme):
        install(approval_process("open"))
        for _ in range(3):
            start(alice, "open")
    monkeypatch.setattr(worklist, "MOST_LISTED", 2)
    text = browser_of("alice").get("/workflow/mywork/").text
    assert "<b>2+</b> wait for you" in text
    assert '<span class="segmented__count">2+</span>' in text
