"""The page of an instance: paused, resumed, cancelled with a reason, talked about."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tenants.context import use
from tests.workflow.processes import (
    END,
    A,
    T,
    at,
    install,
    process,
    sent_to,
    start,
)
from workflow import allowed, instance_pages, lifecycle
from workflow.commenting import comment_on
from workflow.models import AuditEvent, Comment, ProcessInstance

VERBS = ("suspend", "resume", "cancel", "comments")


@pytest.fixture(scope="module")
def shared(sharing) -> Iterator[ProcessInstance]:
    with sent_to(sharing, "Managers") as item:
        yield item.instance


@pytest.fixture
def running(shared, acme) -> ProcessInstance:
    """Return what alice asked for, waiting for one of the managers."""
    return deepcopy(shared)


@pytest.fixture
def chief(acme, carol) -> User:
    """Return somebody who manages instances."""
    with use(acme):
        right = Permission.objects.get(codename="can_manage_instances")
        carol.user_permissions.add(right)
    return carol


def path(instance: ProcessInstance, verb: str = "") -> str:
    return f"/workflow/instances/{instance.pk}/{verb}/".replace("//", "/")


def state(instance: ProcessInstance) -> tuple:
    """Return everything that an action could have changed."""
    row = ProcessInstance.objects.get(pk=instance.pk)
    return row.status, row.version, row.audit_seq, row.comments.count()


def links(page: str, instance: ProcessInstance) -> list[str]:
    return [verb for verb in VERBS[:3] if f'"{path(instance, verb)}"' in page]


# What is offered


def test_who_manages_pauses_and_cancels_and_others_do_not(browser_of, running, chief):
    assert links(browser_of("carol").get(path(running)).text, running) == [
        "suspend",
        "cancel",
    ]
    for name in ("alice", "bob"):
        assert links(browser_of(name).get(path(running)).text, running) == []


def test_who_asked_cancels_where_the_process_lets_them(browser_of, acme, alice):
    ways = (T("ask", "end", "Send"),)
    with use(acme):
        install(process(A("ask", "Ask"), END, ways=ways, requester_may_cancel=True))
        mine = start(alice).instance
    client = browser_of("alice")
    assert links(client.get(path(mine)).text, mine) == ["cancel"]
    client.post(path(mine, "cancel"), {"reason": "I was wrong."})
    with use(acme):
        assert state(mine)[0] == "terminated"


def test_what_has_ended_offers_nothing(browser_of, acme, running, chief):
    with use(acme):
        lifecycle.cancel_instance(running, by=chief, reason="No.")
    assert links(browser_of("carol").get(path(running)).text, running) == []


# Pause and go on


def test_an_instance_is_paused_and_goes_on(browser_of, acme, running, chief):
    client = browser_of("carol")
    page = client.post(path(running, "suspend"), follow=True).text
    assert "It is paused." in page
    assert links(page, running) == ["resume", "cancel"]
    page = client.post(path(running, "resume"), follow=True).text
    assert "It goes on." in page
    with use(acme):
        assert state(running)[0] == "running"


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_two_presses_are_as_good_as_one(browser_of, acme, running, chief, verb):
    client = browser_of("carol")
    if verb == "resume":
        client.post(path(running, "suspend"))
    client.post(path(running, verb))
    client.get(path(running))
    with use(acme):
        before = state(running)
    page = client.post(path(running, verb), follow=True).text
    assert "This was done already." in page
    with use(acme):
        assert state(running) == before


def test_what_the_state_refuses_is_told_on_the_page(browser_of, acme, running, chief):
    with use(acme):
        lifecycle.cancel_instance(running, by=chief, reason="No.")
        before = state(running)
    for verb in ("suspend", "resume"):
        page = browser_of("carol").post(path(running, verb), follow=True).text
        assert "The process instance has ended. Nothing was changed by you." in page
    with use(acme):
        assert state(running) == before


# Cancel


def test_the_end_is_told_in_numbers_before_it_is_done(browser_of, acme, running, chief):
    client = browser_of("carol")
    page = client.get(path(running, "cancel")).text
    assert "1 open piece of work is cancelled." in page
    assert "that it began" not in page
    answer = client.post(
        path(running, "cancel"), {"reason": " Nobody needs it. "}, follow=True
    )
    assert f"Cancelled: {running.title}" in answer.text
    assert "Carol Acme cancelled this" in answer.text
    with use(acme):
        row = ProcessInstance.objects.get(pk=running.pk)
        assert (row.status, row.close_reason) == ("terminated", "Nobody needs it.")


def test_the_parts_that_end_with_it_are_counted(browser_of, acme, alice, chief):
    with use(acme):
        ways = (T("check", "end", "Ok"),)
        child = process(A("check", "Check"), END, ways=ways, code="c", begin="check")
        install(child)
        part = A("sub", "Have it checked", kind="subflow", subflow="c")
        ways = (T("ask", "sub", "Send"), T("sub", "end", "Done"))
        install(process(A("ask", "Ask"), part, END, ways=ways))
        item = start(alice)
        item.activate(alice)
        item.complete(alice)
        [below] = at(item.instance, "sub").children.all()
    client = browser_of("carol")
    page = client.get(path(item.instance, "cancel")).text
    assert "2 open pieces of work are cancelled." in page
    assert "1 process that it began ends with it." in page
    page = client.get(path(below, "cancel")).text
    assert "1 open piece of work is cancelled." in page
    assert "that it began" not in page


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", "Say why in a few words."),
        ("  ", "Say why in a few words."),
        ("x" * 1001, "at most 1000 characters"),
        ("kept\x00", "Null characters are not allowed."),
    ],
)
@pytest.mark.usefixtures("chief")
def test_without_a_reason_nothing_ends_and_the_words_are_kept(
    browser_of, acme, running, reason, told
):
    with use(acme):
        before = state(running)
    answer = browser_of("carol").post(path(running, "cancel"), {"reason": reason})
    assert answer.status_code == 422
    assert told in answer.text
    assert reason.strip().strip("\x00") in answer.text
    with use(acme):
        assert state(running) == before


def test_a_line_end_counts_as_one_letter_as_in_the_browser(
    browser_of, acme, running, chief
):
    reason = "x" * 499 + "\r\n" + "y" * 500
    browser_of("carol").post(path(running, "cancel"), {"reason": reason})
    with use(acme):
        row = ProcessInstance.objects.get(pk=running.pk)
        assert row.close_reason == reason.replace("\r\n", "\n")


def test_cancelling_twice_keeps_the_first_reason(browser_of, acme, running, chief):
    client = browser_of("carol")
    client.post(path(running, "cancel"), {"reason": "First."})
    with use(acme):
        before = state(running)
    page = client.post(path(running, "cancel"), {"reason": "Second."}, follow=True).text
    assert "This was done already." in page
    with use(acme):
        assert state(running) == before
        assert ProcessInstance.objects.get(pk=running.pk).close_reason == "First."


def test_who_is_overtaken_by_the_end_is_told(
    browser_of, acme, running, chief, monkeypatch
):
    """Somebody else ends it between the look and the deed."""
    client = browser_of("carol")
    with use(acme):
        lifecycle.cancel_instance(running, by=chief, reason="First.")
    look = allowed.of_instance
    looks = iter([["cancel"]])
    monkeypatch.setattr(
        instance_pages.allowed,
        "of_instance",
        lambda found, *, by: next(looks, None) or look(found, by=by),
    )
    page = client.post(path(running, "cancel"), {"reason": "Second."}, follow=True).text
    assert "The process instance has ended. Nothing was changed by you." in page


def test_who_may_not_cancel_is_led_back(browser_of, acme, running):
    client = browser_of("alice")
    assert client.get(path(running, "cancel")).url == path(running)
    answer = client.post(path(running, "cancel"), {"reason": "x"}, follow=True)
    assert "This is not possible now. Nothing was changed by you." in answer.text
    with use(acme):
        assert state(running)[0] == "running"


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_who_may_not_manage_changes_nothing(browser_of, acme, running, verb):
    with use(acme):
        before = state(running)
    answer = browser_of("bob").post(path(running, verb), follow=True)
    assert "You may not do this with process instances." in answer.text
    with use(acme):
        assert state(running) == before


# Comments


def test_whoever_sees_a_request_says_something_about_it(browser_of, acme, running):
    page = browser_of("bob").get(path(running)).text
    assert "Nobody has said anything yet." in page
    words = "Is <b>this</b> urgent?\r\nWe are few."
    body = {"text": words, "seen": "0"}
    answer = browser_of("bob").post(path(running, "comments"), body, follow=True)
    assert "Your comment is there." in answer.text
    assert "Is &lt;b&gt;this&lt;/b&gt; urgent?<br>We are few." in answer.text
    page = browser_of("alice").get(path(running)).text
    assert "Bob Acme" in page
    assert "Nobody has said anything yet." not in page


def test_a_comment_that_is_sent_twice_is_written_once(browser_of, acme, running):
    client = browser_of("bob")
    for _press in range(2):
        body = {"text": "Once.", "seen": "0"}
        answer = client.post(path(running, "comments"), body, follow=True)
        assert "Your comment is there." in answer.text
    with use(acme):
        written = Comment.objects.get(instance=running)
        events = AuditEvent.objects.of_instance(running.pk)
        assert events.filter(action="instance.commented").count() == 1
    body = {"text": "Once.", "seen": str(written.pk)}
    client.post(path(running, "comments"), body)
    with use(acme):
        assert running.comments.count() == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Write something first."),
        (" \n ", "Write something first."),
        ("x" * 1001, "at most 1000 characters"),
        ("kept\x00", "Null characters are not allowed."),
    ],
)
def test_a_comment_that_is_not_accepted_is_kept_on_the_page(
    browser_of, acme, running, text, told
):
    client = browser_of("bob")
    answer = client.post(path(running, "comments"), {"text": text, "seen": "0"})
    assert answer.status_code == 422
    assert told in answer.text
    assert "Where it stands" in answer.text
    assert text.strip().strip("\x00") in answer.text
    with use(acme):
        assert running.comments.count() == 0


@pytest.mark.parametrize("seen", ["x", "-1", "9" * 40, "\x00"])
def test_a_mark_that_is_none_does_no_harm(browser_of, acme, running, seen):
    body = {"text": "Said.", "seen": seen}
    assert browser_of("bob").post(path(running, "comments"), body).status_code < 500


def test_what_has_ended_can_still_be_talked_about(browser_of, acme, running, chief):
    with use(acme):
        lifecycle.cancel_instance(running, by=chief, reason="No.")
    browser_of("alice").post(path(running, "comments"), {"text": "Why?"})
    with use(acme):
        assert running.comments.get().text == "Why?"


def test_many_comments_are_shown_a_page_at_a_time(
    browser_of, acme, bob, running, monkeypatch
):
    monkeypatch.setattr(instance_pages, "COMMENTS", 3)
    with use(acme):
        made = [comment_on(running, text=f"Word {n}.", by=bob) for n in range(7)]
    client = browser_of("bob")
    page = client.get(path(running)).text
    assert [n for n in range(7) if f"Word {n}." in page] == [4, 5, 6]
    assert page.index("Word 4.") < page.index("Word 6.")
    assert f'href="?comments={made[4].pk}#comments"' in page
    page = client.get(path(running), {"comments": made[1].pk}).text
    assert [n for n in range(7) if f"Word {n}." in page] == [0]
    assert "Older comments" not in page
    assert "Newest comments" in page
    for junk in ("x", "-1", "9" * 40, "\x00"):
        assert client.get(path(running), {"comments": junk}).status_code == 200


# Isolation


@pytest.mark.parametrize("verb", VERBS)
def test_r79_an_instance_of_another_tenant_is_missing(browser_of, acme, running, verb):
    with use(acme):
        before = state(running)
    client = browser_of("mallory", "globex.localhost")
    body = {"reason": "x", "text": "x"}
    assert client.get(path(running, verb)).status_code == 404
    assert client.post(path(running, verb), body).status_code == 404
    with use(acme):
        assert state(running) == before


@pytest.mark.parametrize("verb", VERBS)
def test_r65_an_instance_that_somebody_does_not_see_is_missing(
    browser_of, acme, running, verb
):
    with use(acme):
        before = state(running)
    client = browser_of("carol")
    body = {"reason": "x", "text": "x"}
    assert client.get(path(running, verb)).status_code == 404
    assert client.post(path(running, verb), body).status_code == 404
    missing = f"/workflow/instances/{'9' * 40}/{verb}/"
    assert client.post(missing, body).status_code == 404
    with use(acme):
        assert state(running) == before


@pytest.mark.parametrize("verb", VERBS)
def test_r69_strangers_sign_in_first(visitor, running, verb):
    for visit in (visitor().get, visitor().post):
        answer = visit(path(running, verb))
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/sign-in")


@pytest.mark.parametrize("verb", VERBS)
def test_a_get_changes_nothing(browser_of, acme, running, chief, verb):
    with use(acme):
        before = (state(running), AuditEvent.objects.count())
    client = browser_of("carol")
    answer = client.get(path(running, verb))
    shown = (200, None) if verb == "cancel" else (302, path(running))
    assert (answer.status_code, answer.get("Location")) == shown
    assert client.delete(path(running, verb)).status_code == 405
    with use(acme):
        assert (state(running), AuditEvent.objects.count()) == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_form_without_its_token_is_refused(browser_of, acme, running, chief, verb):
    with use(acme):
        before = state(running)
    client = browser_of("carol")
    client.handler.enforce_csrf_checks = True
    body = {"reason": "x", "text": "x"}
    assert client.post(path(running, verb), body).status_code == 403
    with use(acme):
        assert state(running) == before


# What it costs, frame and session included

MOST = {"": 21, "cancel": 10}


def cost(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as sent:
        assert client.get(address).status_code == 200
    return len(sent)


@pytest.mark.usefixtures("chief")
@pytest.mark.parametrize("verb", MOST)
def test_a_page_asks_the_database_no_more_where_more_was_said(
    browser_of, acme, bob, running, verb
):
    client = browser_of("carol")
    with use(acme):
        comment_on(running, text="One.", by=bob)
    before = cost(client, path(running, verb))
    with use(acme):
        for number in range(30):
            comment_on(running, text=f"{number}", by=bob)
    assert cost(client, path(running, verb)) <= before
    assert before <= MOST[verb], before
