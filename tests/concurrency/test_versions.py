"""Versions made, published and saved from two sides at once, in real transactions."""

import pytest

from accounts.models import User
from tenants.context import TenantInfo, use
from tests import twins
from tests.concurrency.racing import race
from tests.workflow.designing import plain
from tests.workflow.processes import A, T, install, process
from workflow import graph
from workflow.drafts import (
    clone_process,
    create_draft,
    delete_draft,
    save_draft,
)
from workflow.models import Process
from workflow.publishing import publish_process, retire_process

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10


@pytest.fixture
def tenant() -> TenantInfo:
    return twins.info("acme")


def boss() -> User:
    return User.objects.get(username="admin")


def row(pk: int) -> Process:
    return Process.objects.get(pk=pk)


def published(code: str) -> list[int]:
    rows = Process.objects.published().filter(code=code)
    return list(rows.values_list("version", flat=True))


def test_r47_clones_at_once_get_versions_of_their_own(tenant):
    with use(tenant):
        made = install(plain()).pk
    for _ in range(ROUNDS):
        results = race(
            tenant, *[lambda: clone_process(row(made), by=boss()).version] * 3
        )
        assert len(set(results)) == 3
    with use(tenant):
        versions = Process.objects.filter(code="drawn").order_by("version")
        expected = list(range(1, 3 * ROUNDS + 2))
        assert list(versions.values_list("version", flat=True)) == expected


def test_r47_new_processes_of_one_name_at_once_are_two_versions(tenant):
    for number in range(ROUNDS):
        name = f"new-{number}"
        results = race(
            tenant, *[lambda name=name: create_draft(name, by=boss()).version] * 2
        )
        assert sorted(results) == [1, 2]


def test_r47_of_two_that_are_published_at_once_one_stays(tenant):
    with use(tenant):
        made = install(plain())
    for _ in range(ROUNDS):
        with use(tenant):
            first, second = (clone_process(made, by=boss()).pk for _ in range(2))
        results = race(
            tenant,
            lambda first=first: publish_process(row(first), by=boss()).status,
            lambda second=second: publish_process(row(second), by=boss()).status,
        )
        assert list(results) == ["published", "published"]
        with use(tenant):
            statuses = {row(first).status, row(second).status}
            assert statuses == {"published", "retired"}
            assert len(published("drawn")) == 1


def test_one_draft_is_published_once(tenant):
    with use(tenant):
        made = install(plain())
    for _ in range(ROUNDS):
        with use(tenant):
            draft = clone_process(made, by=boss()).pk
        results = race(
            tenant,
            *[lambda draft=draft: publish_process(row(draft), by=boss()).status] * 2,
        )
        assert sorted(results) == ["process.not_draft", "published"]


def test_what_is_published_is_what_was_saved_last(tenant):
    """A save and a publishing at once: the save is in it, or it is refused."""
    with use(tenant):
        made = install(plain())
    for number in range(ROUNDS):
        with use(tenant):
            draft = clone_process(made, by=boss()).pk
        data = plain(title=f"Title {number}")
        results = race(
            tenant,
            lambda draft=draft, data=data: (
                save_draft(row(draft), data, revision=0, by=boss()).status
            ),
            lambda draft=draft: publish_process(row(draft), by=boss()).status,
        )
        assert results[1] == "published"
        with use(tenant):
            title = row(draft).title
            graph.of(row(draft))
        saved = results[0] == "draft" or title == data.title
        assert saved == (title == data.title)
        if not saved:
            assert results[0] == "process.immutable"


def test_two_edits_of_one_revision_do_not_both_count(tenant):
    with use(tenant):
        draft = create_draft("drawn", by=boss()).pk
    for number in range(ROUNDS):
        results = race(
            tenant,
            *[
                lambda title=title, number=number: (
                    save_draft(
                        row(draft), plain(title=title), revision=number, by=boss()
                    ).title
                )
                for title in ("One", "Two")
            ],
        )
        assert "process.stale" in results
        assert {"One", "Two"} & set(results)
        with use(tenant):
            assert row(draft).revision == number + 1


def test_a_row_saved_by_hand_is_not_published_half(tenant):
    """The change of a part by the models is in the hash, or it is refused."""
    with use(tenant):
        made = install(plain())
    for number in range(ROUNDS):
        with use(tenant):
            draft = clone_process(made, by=boss()).pk

        def change(draft=draft, number=number):
            activity = row(draft).activities.get(key="check")
            activity.title = f"Changed {number}"
            activity.save()

        results = race(
            tenant,
            change,
            lambda draft=draft: publish_process(row(draft), by=boss()).status,
        )
        assert results[0] in {"done", "process.immutable"}
        assert results[1] == "published"
        with use(tenant):
            graph.of(row(draft))


def test_a_draft_is_thrown_away_or_published(tenant):
    with use(tenant):
        made = install(plain())
    for _ in range(ROUNDS):
        with use(tenant):
            draft = clone_process(made, by=boss()).pk
        results = race(
            tenant,
            lambda draft=draft: delete_draft(Process(pk=draft), by=boss()),
            lambda draft=draft: publish_process(row(draft), by=boss()).status,
        )
        with use(tenant):
            is_there = Process.objects.filter(pk=draft).exists()
            assert len(published("drawn")) == 1
        assert results[0] == ("process.immutable" if is_there else "done")
        if is_there:
            assert results[1] == "published"
        else:
            assert not isinstance(results[1], str) or results[1] == "process.not_found"


def test_retiring_and_publishing_at_once_leave_one_or_none(tenant):
    with use(tenant):
        made = install(plain())
    for _ in range(ROUNDS):
        with use(tenant):
            [number] = published("drawn")
            now = Process.objects.get(code="drawn", version=number).pk
            draft = clone_process(made, by=boss()).pk
        race(
            tenant,
            lambda now=now: retire_process(row(now), by=boss()).status,
            lambda draft=draft: publish_process(row(draft), by=boss()).status,
        )
        with use(tenant):
            assert row(draft).status == "published"
            assert row(now).status == "retired"


def runs(code: str, other: str):
    return process(
        A("ask", "Ask"),
        A("sub", "Sub", kind="subflow", subflow=other),
        A("end", "End", kind="dummy"),
        ways=(T("ask", "sub", "Go"), T("sub", "end", "Back")),
        code=code,
    )


def test_r29_two_processes_do_not_begin_to_run_each_other_at_once(tenant):
    for number in range(ROUNDS):
        one, two = f"one-{number}", f"two-{number}"
        with use(tenant):
            install(plain(one))
            install(plain(two))
        results = race(
            tenant,
            lambda one=one, two=two: install(runs(one, two)).status,
            lambda one=one, two=two: install(runs(two, one)).status,
        )
        assert sorted(results) == ["process.invalid", "published"]
