"""An application is tried: its test process is made and removed by who may design."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from accounts.models import User
from tenants.context import use
from tests.workflow.designing import allowed
from tests.workflow.processes import END, A, T, install, process
from workflow import application_tests, handlers, new_documents, starting
from workflow.application_tests import make_test_process, remove_test_process
from workflow.drafts import clone_process
from workflow.errors import (
    ApplicationNotFound,
    ProcessInvalid,
    ProcessNameTaken,
    ProcessNotAllowed,
    ProcessNotFound,
    ProcessRightMissing,
)
from workflow.models import Activity, AuditEvent, Process, ProcessInstance, WorkItem
from workflow.publishing import publish_process, switch

PAGE = "/workflow/start/"
NAME = "edit_model"
CODE = "test_edit_model"
ODD = 'tests. odd & "ü" ?#%2F<b>;+'


@pytest.fixture
def designer(in_acme, alice) -> User:
    """Return alice, who designs and does not publish."""
    return allowed(alice, "can_design")


@pytest.fixture
def by_page(acme, alice, browser_of):
    """Return the browser of alice, who designs and does not publish."""
    with use(acme):
        allowed(alice, "can_design")
    return browser_of("alice")


@pytest.fixture
def registered() -> Iterator:
    """Return what registers an application for the length of the test."""
    names = []

    def register(name: str) -> str:
        handlers.applications.add(name, handlers.applications.get("default_app"))
        names.append(name)
        return name

    yield register
    for name in names:
        handlers.applications.entries.pop(name, None)


def path(name: str = NAME, verb: str = "") -> str:
    return f"/workflow/applications/{quote(name, safe='')}/test/{verb}"


def remove_path(name: str = NAME) -> str:
    return path(name, "remove/")


def began(code: str, person: User) -> WorkItem:
    about = new_documents.default_document(by=person)
    return starting.start_process(code, document=about, by=person)


def everything() -> tuple:
    """Return all that making and removing could change."""
    return (
        list(Process.objects.order_by("pk").values("pk", "status", "content_hash")),
        list(Group.objects.order_by("pk").values("name", "user", "permissions")),
        AuditEvent.objects.count(),
    )


def rows_of(code: str) -> list[tuple[int, str]]:
    rows = Process.objects.filter(code=code).order_by("version")
    return list(rows.values_list("version", "status"))


# Made


def test_a_test_process_is_one_activity_at_the_application_and_the_end(designer):
    made = make_test_process(NAME, by=designer).process
    assert (made.code, made.title, made.status) == (CODE, CODE, "published")
    assert made.published_by == designer
    places = made.activities.order_by("key").values_list(
        "key", "kind", "application__url"
    )
    assert list(places) == [("end", "dummy", None), ("try", "standard", NAME)]


def test_r70_its_group_is_all_that_may_start_it_and_gives_no_right(designer, bob):
    made = make_test_process(NAME, by=designer).process
    group = made.start_groups.get()
    assert (group.name, list(group.permissions.all())) == (CODE, [])
    assert list(group.user_set.all()) == [designer]
    assert began(CODE, designer).user == designer
    with pytest.raises(ProcessNotAllowed):
        began(CODE, bob)


def test_it_is_audited_like_any_publishing(designer):
    made = make_test_process(NAME, by=designer).process
    events = AuditEvent.objects.filter(process_id=made.pk).order_by("seq")
    assert [(event.action, event.metadata) for event in events] == [
        ("process.published", {"code": CODE, "version": 1}),
        ("process.joined", {"code": CODE, "version": 1, "group": CODE}),
    ]
    assert {event.actor_id for event in events} == {designer.pk}


def test_made_twice_it_is_there_once(designer):
    first = make_test_process(NAME, by=designer)
    before = everything()
    again = make_test_process(NAME, by=designer)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.process == first.process
    assert everything() == before


def test_a_second_designer_joins_and_publishes_nothing(designer, bob):
    first = make_test_process(NAME, by=designer)
    second = make_test_process(NAME, by=allowed(bob, "can_design"))
    assert (second.process, second.is_new) == (first.process, True)
    assert set(Group.objects.get(name=CODE).user_set.all()) == {designer, bob}


@pytest.mark.parametrize(
    "right", ["can_browse", "can_instantiate", "can_publish", "can_manage_instances"]
)
def test_r70_another_right_is_not_enough(in_acme, alice, bob, right):
    make_test_process(NAME, by=allowed(alice, "can_design"))
    before = everything()
    for verb in (make_test_process, remove_test_process):
        with pytest.raises(ProcessRightMissing):
            verb(NAME, by=allowed(bob, right))
        with pytest.raises(ProcessRightMissing):
            verb("nowhere", by=bob)
    assert [row for row in everything() if row not in before] == []


def test_r70_an_account_of_a_program_makes_and_removes_nothing(designer, bob):
    make_test_process(NAME, by=designer)
    robot = allowed(bob, "can_design")
    robot.kind = "service"
    before = everything()
    for someone in (robot, None):
        for verb in (make_test_process, remove_test_process):
            with pytest.raises(ProcessRightMissing):
                verb(NAME, by=someone)
    assert everything() == before


@pytest.mark.parametrize("name", ["nowhere", "sendmail", "", "a\x00b", "\ud800"])
def test_what_is_no_registered_page_is_not_tried(designer, name):
    before = everything()
    with pytest.raises(ApplicationNotFound):
        make_test_process(name, by=designer)
    with pytest.raises(ProcessNotFound):
        remove_test_process(name, by=designer)
    assert everything() == before


@pytest.mark.parametrize("name", ["x" * 96, "a/b", "a\nb", "a\x00b", "..", " "])
def test_a_name_that_no_process_can_have_is_refused(designer, registered, name):
    before = everything()
    with pytest.raises(ProcessInvalid, match="at most 95 characters") as refusal:
        make_test_process(registered(name), by=designer)
    assert (refusal.value.status, refusal.value.code) == (422, "process.invalid")
    with pytest.raises(ProcessNotFound):
        remove_test_process(name, by=designer)
    assert everything() == before


@pytest.mark.parametrize("name", ["x" * 95, ODD])
def test_a_name_that_just_fits_goes_round(designer, registered, name):
    made = make_test_process(registered(name), by=designer).process
    assert made.code == f"test_{name}"
    began(made.code, designer)
    assert remove_test_process(name, by=designer).kept == 1


# What is named like it


def test_another_process_of_the_name_is_left_alone(designer):
    """A designer does not take over what somebody else published."""
    one = process(A("ask", "Ask"), END, ways=(T("ask", "end", "Go"),), code=CODE)
    install(one)
    refused_both(designer)


def test_one_with_the_title_is_left_alone(designer):
    data = process(A("ask", "Ask"), END, ways=(T("ask", "end", "Go"),), code="real")
    install(replace(data, title=CODE))
    refused_both(designer)


@pytest.mark.parametrize("groups", [(), ("HR",), (CODE, "HR")])
def test_one_that_others_may_start_is_left_alone(designer, groups):
    Group.objects.create(name=CODE)
    data = application_tests.data_of(NAME, group=CODE)
    install(replace(data, start_groups=groups))
    refused_both(designer)


def refused_both(designer: User) -> None:
    before = everything()
    for verb in (make_test_process, remove_test_process):
        with pytest.raises(ProcessNameTaken):
            verb(NAME, by=designer)
    assert everything() == before


def test_a_clone_that_was_drawn_on_and_published_is_no_test_process(designer, admin):
    made = make_test_process(NAME, by=designer).process
    draft = clone_process(made, by=admin)
    draft.start_groups.add(Group.objects.get(name="HR"))
    publish_process(draft, by=admin)
    refused_both(designer)


def test_r70_a_group_that_means_something_is_not_joined(designer):
    Group.objects.create(name=CODE)
    made = make_test_process(NAME, by=designer).process
    assert made.start_groups.get().name == f"{CODE} (2)"
    assert not Group.objects.get(name=CODE).user_set.exists()


def test_r70_a_group_that_was_given_a_right_is_joined_by_nobody_more(designer, bob):
    made = make_test_process(NAME, by=designer).process
    group = made.start_groups.get()
    group.permissions.add(Permission.objects.get(codename="can_publish"))
    second = make_test_process(NAME, by=allowed(bob, "can_design"))
    assert second.process.start_groups.get().name == f"{CODE} (2)"
    assert not User.objects.get(pk=bob.pk).has_perm("workflow.can_publish")
    assert rows_of(CODE) == [(1, "retired"), (2, "published")]
    # What has a right is nobody's to delete.
    remove_test_process(NAME, by=designer)
    assert list(Group.objects.filter(name__startswith=CODE)) == [group]


# Removed


def test_one_that_was_never_used_goes_with_its_group(designer):
    made = make_test_process(NAME, by=designer).process
    assert remove_test_process(NAME, by=designer).kept == 0
    assert rows_of(CODE) == []
    assert not Activity.objects.filter(process_id=made.pk).exists()
    assert not Group.objects.filter(name=CODE).exists()
    last = AuditEvent.objects.filter(process_id=made.pk).latest("seq")
    assert (last.action, last.metadata) == (
        "process.deleted",
        {"code": CODE, "version": 1},
    )


def test_one_that_runs_is_retired_and_its_work_goes_on(designer):
    make_test_process(NAME, by=designer)
    item = began(CODE, designer)
    assert remove_test_process(NAME, by=designer).kept == 1
    assert rows_of(CODE) == [(1, "retired")]
    with pytest.raises(ProcessNotFound):
        began(CODE, designer)
    item.activate(designer)
    item.complete(designer)
    assert ProcessInstance.objects.get().status == "complete"
    # Whoever has ended is kept as well.
    with pytest.raises(ProcessNotFound):
        remove_test_process(NAME, by=designer)
    assert rows_of(CODE) == [(1, "retired")]


def test_made_again_it_is_a_new_version_with_the_same_group(designer):
    make_test_process(NAME, by=designer)
    began(CODE, designer)
    remove_test_process(NAME, by=designer)
    made = make_test_process(NAME, by=designer)
    assert made.is_new
    assert rows_of(CODE) == [(1, "retired"), (2, "published")]
    assert [group.name for group in made.process.start_groups.all()] == [CODE]
    # Of the two versions only the one that was used stays, and the group with it.
    assert remove_test_process(NAME, by=designer).kept == 1
    assert rows_of(CODE) == [(1, "retired")]
    assert Group.objects.filter(name=CODE).exists()


def test_a_draft_that_names_the_group_keeps_it(designer):
    made = make_test_process(NAME, by=designer).process
    clone_process(made, by=designer)
    remove_test_process(NAME, by=designer)
    assert rows_of(CODE) == [(2, "draft")]
    assert Group.objects.filter(name=CODE).exists()


def test_it_is_removed_after_its_application(designer, registered):
    make_test_process(registered("tests.gone"), by=designer)
    del handlers.applications.entries["tests.gone"]
    [trial] = [
        one
        for one in application_tests.every(reader=designer)
        if one.application == "tests.gone"
    ]
    assert (trial.may_make, trial.may_start) == (False, True)
    remove_test_process("tests.gone", by=designer)
    assert rows_of("test_tests.gone") == []


# The page


def test_the_page_lists_what_can_be_tried_and_goes_round(acme, by_page):
    assert "Try an application" in by_page.get(PAGE).text
    made = by_page.post(path(), follow=True).text
    assert "You can try it now: edit_model" in made
    assert f'action="{remove_path()}"' in made
    assert f'action="{path()}"' not in made
    with use(acme):
        number = Process.objects.get(code=CODE).pk
    assert f'href="/workflow/start_proto/{number}/"' in made
    removed = by_page.post(remove_path(), follow=True).text
    assert "The test process is removed." in removed
    assert f'action="{path()}"' in removed
    assert f'action="{remove_path()}"' not in removed


def test_an_application_is_tried_with_a_browser_alone(acme, by_page):
    by_page.post(path())
    with use(acme):
        number = Process.objects.get(code=CODE).pk
    answer = by_page.post(f"/workflow/start_proto/{number}/", {"title": "A try"})
    assert "/workflow/app/edit_model/" in answer.url
    by_page.post(answer.url, {"document-comment": "changed"})
    with use(acme):
        assert ProcessInstance.objects.get().status == "complete"
    told = by_page.post(remove_path(), follow=True).text
    assert "The one request that began with it is kept." in told


@pytest.mark.parametrize("makes", [True, False])
def test_two_presses_are_as_good_as_one(acme, by_page, makes):
    target = path() if makes else remove_path()
    if not makes:
        by_page.post(path())
    by_page.post(target)
    with use(acme):
        before = everything()
    assert "This was done already." in by_page.post(target, follow=True).text
    with use(acme):
        assert everything() == before


def test_a_name_with_odd_characters_is_a_button_as_well(acme, by_page, registered):
    name = registered(ODD)
    page = by_page.get(PAGE).text
    address = reverse("workflow:make-test", args=[name])
    assert f'action="{escape(address)}"' in page
    assert "<b>;+" not in page
    assert by_page.post(path(name), follow=True).status_code == 200
    with use(acme):
        assert rows_of(f"test_{name}") == [(1, "published")]
    by_page.post(remove_path(name))
    with use(acme):
        assert rows_of(f"test_{name}") == []


def test_a_name_that_no_process_can_have_has_no_button(acme, by_page, registered):
    name = registered("y" * 96)
    registered("a/b")
    page = by_page.get(PAGE)
    assert (page.status_code, name in page.text) == (200, True)
    assert path(name) not in page.text
    assert by_page.post(path(name)).status_code == 422


def test_one_that_is_taken_says_so(acme, by_page):
    with use(acme):
        install(process(A("ask", "Ask"), END, ways=(T("ask", "end", "Go"),), code=CODE))
        before = everything()
    for target in (path(), remove_path()):
        told = by_page.post(target, follow=True).text
        assert "Another process has this name. Nothing was changed by you." in told
    with use(acme):
        assert everything() == before


def test_a_colleague_is_offered_to_join(acme, by_page, browser_of, bob, admin):
    by_page.post(path())
    with use(acme):
        allowed(bob, "can_design")
    colleague = browser_of("bob")
    assert "Let me try it" in colleague.get(PAGE).text
    colleague.post(path())
    assert "Let me try it" not in colleague.get(PAGE).text
    with use(acme):
        switch(Process.objects.get(code=CODE), enabled=False, by=admin)
    page = colleague.get(PAGE).text
    assert "Let me try it" not in page
    assert f'action="{remove_path()}"' in page


def test_a_look_changes_nothing_and_a_get_is_no_press(acme, by_page):
    with use(acme):
        before = everything()
    by_page.get(PAGE)
    for target in (path(), remove_path()):
        assert by_page.get(target).status_code == 405
    with use(acme):
        assert everything() == before


def test_a_press_from_another_site_is_refused(acme, by_page):
    by_page.handler.enforce_csrf_checks = True
    for target in (path(), remove_path()):
        assert by_page.post(target).status_code == 403
    with use(acme):
        assert rows_of(CODE) == []


# Isolation


def test_r70_a_member_without_the_right_sees_and_does_nothing(
    acme, by_page, browser_of
):
    by_page.post(path())
    client = browser_of("bob")
    with use(acme):
        before = everything()
    page = client.get(PAGE).text
    assert "Try an application" not in page
    assert CODE not in page
    for name in (NAME, "view_application", "nowhere"):
        assert client.post(path(name)).status_code == 403
        assert client.post(remove_path(name)).status_code == 403
    with use(acme):
        assert everything() == before


def test_mallory_meets_her_own_tenant_only(acme, globex, by_page, browser_of, visitor):
    by_page.post(path())
    with use(globex):
        allowed(User.objects.get(username="mallory"), "can_design")
    with use(acme):
        before = everything()
    client = browser_of("mallory", "globex.localhost")
    assert f'action="{remove_path()}"' not in client.get(PAGE).text
    assert "This was done already." in client.post(remove_path(), follow=True).text
    client.post(path())
    client.post(remove_path())
    # Her session opens nothing elsewhere.
    stranger = visitor("acme.localhost")
    stranger.cookies.update(client.cookies)
    for target in (path(), remove_path()):
        answer = stranger.post(target)
        assert answer.status_code in {302, 403, 404}
        assert answer.status_code != 302 or "/accounts/sign-in" in answer.url
    with use(acme):
        assert everything() == before
    with use(globex):
        assert rows_of(CODE) == []


def test_nobody_who_is_not_signed_in_makes_or_removes(acme, visitor):
    for target in (path(), remove_path()):
        answer = visitor().post(target)
        assert answer.status_code == 302
        assert "/accounts/sign-in" in answer.url
    with use(acme):
        assert rows_of(CODE) == []


# Statements


def test_the_page_needs_as_many_statements_for_fifty_applications(
    acme, by_page, registered
):
    by_page.post(path())
    by_page.get(PAGE)
    few = counted(by_page)
    for number in range(50):
        by_page.post(path(registered(f"tests.many.{number:02}")))
    # The list above has a second page now, and is not what is counted here.
    with use(acme):
        Process.objects.filter(code__startswith="test_tests").update(enabled=False)
    by_page.get(PAGE)
    assert counted(by_page) == few
    assert by_page.get(PAGE).text.count("Ready") == 51


def counted(client) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(PAGE).status_code == 200
    return len(seen)
