"""The pages of incidents: what needs help, and what a person does about it."""

import re
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
    behaving,
    install,
    process,
    start,
)
from tests.workflow.test_complete import state_of
from tests.workflow.test_incidents import automatic, broken
from workflow import incident_pages, incidents, lifecycle
from workflow.errors import HandlerFailed
from workflow.models import AuditEvent, Incident, WorkItem

LIST = "/workflow/incidents/"


@pytest.fixture
def helper(acme, carol) -> User:
    """Return somebody who may resolve incidents, and no more."""
    with use(acme):
        right = Permission.objects.get(codename="can_resolve_incidents")
        carol.user_permissions.add(right)
    return carol


@pytest.fixture(scope="module")
def shared(sharing) -> Iterator[Incident]:
    with sharing() as within:
        with within("acme") as person:
            install(automatic(max_attempts=1))
            incident = failed(person("alice"))
        yield incident


@pytest.fixture
def stuck(shared, helper) -> Incident:
    """Return the incident of automatic work that failed for good."""
    return deepcopy(shared)


def failed(person: User, title: str = "The broken one") -> Incident:
    item = start(person, title=title)
    item.activate(person)
    with behaving(auto=broken):
        item.complete(person)
    return at(item.instance, "auto").incidents.get()


def path(incident: Incident) -> str:
    return f"{LIST}{incident.pk}/"


def again(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


# The list


def test_without_incidents_the_page_says_so(browser_of, helper):
    assert "Nothing needs help" in browser_of("carol").get(LIST).text


def test_the_list_tells_what_is_wrong_where(browser_of, stuck):
    page = browser_of("carol").get(LIST).text
    for words in ("The broken one", "Test · Auto", "Automatic work failed"):
        assert words in page
    assert path(stuck) in page
    # Neither the text of a foreign exception nor its trace is for people.
    assert "12345" not in page
    assert "Traceback" not in page


def test_what_is_resolved_is_not_in_the_list(browser_of, acme, helper, stuck):
    with use(acme):
        incidents.skip_incident(stuck, by=helper, reason="Known.", condition="FINE")
    assert "Nothing needs help" in browser_of("carol").get(LIST).text


def test_the_list_is_paged_by_key(browser_of, acme, alice, stuck, monkeypatch):
    monkeypatch.setattr(incident_pages, "PAGE", 2)
    with use(acme):
        rows = [stuck, *(failed(alice, f"Number {n}") for n in range(4))]
    client = browser_of("carol")
    titles = ["The broken one", *(f"Number {n}" for n in range(4))]

    def shown(page: str) -> list[int]:
        return [n for n, title in enumerate(titles) if f">{title}</a>" in page]

    first = client.get(LIST).text
    assert shown(first) == [3, 4]
    assert first.index("Number 3") < first.index("Number 2")
    assert f'href="?before={rows[3].pk}"' in first
    assert "Newest" not in first
    middle = client.get(LIST, {"before": rows[3].pk}).text
    assert shown(middle) == [1, 2]
    last = client.get(LIST, {"before": rows[1].pk}).text
    assert shown(last) == [0]
    assert "Older" not in last
    assert "Newest" in last
    assert "There are no older ones" in client.get(LIST, {"before": rows[0].pk}).text
    for junk in ("x", "-1", "", "\x00"):
        assert shown(client.get(LIST, {"before": junk}).text) == [3, 4]
    assert shown(client.get(LIST, {"before": "9" * 40}).text) == [3, 4]


def test_the_sidebar_leads_there_whoever_may_help(browser_of, helper):
    assert f'href="{LIST}"' in browser_of("carol").get("/workflow/mywork/").text
    assert f'href="{LIST}"' not in browser_of("bob").get("/workflow/mywork/").text


def test_the_pages_of_the_work_lead_to_its_incident(browser_of, acme, stuck):
    item = f"/workflow/workitems/{stuck.workitem_id}/"
    instance = f"/workflow/instances/{stuck.instance_id}/"
    for address in (item, instance):
        assert path(stuck) in browser_of("carol").get(address).text
        assert path(stuck) not in browser_of("alice").get(address).text


# One of them


def test_the_page_tells_all_and_offers_the_ways_on(browser_of, stuck):
    page = browser_of("carol").get(path(stuck)).text
    assert "Try it again" in page
    assert 'value="skip:FINE"' in page
    assert "Skip it: go on with “Fine”" in page
    assert 'value="skip:ELSE"' in page
    assert "12345" not in page
    # Ending an instance is another right.
    assert "Cancel the request" not in page
    page = browser_of("admin").get(path(stuck)).text
    assert f"/workflow/instances/{stuck.instance_id}/cancel/" in page


def test_it_is_tried_again(browser_of, acme, stuck):
    body = {"way": "retry", "reason": "The server is back."}
    with behaving(auto=lambda workitem: {"condition": "FINE"}) as calls:
        answer = browser_of("carol").post(path(stuck), body, follow=True)
    assert calls == ["auto"]
    assert "It goes on: The broken one" in answer.text
    with use(acme):
        row = again(stuck)
        assert (row.resolution, row.reason) == ("retried", "The server is back.")
        assert row.resolved_by.username == "carol"
        assert row.instance.status == "complete"


def test_what_fails_again_is_told(browser_of, acme, stuck):
    with behaving(auto=broken):
        answer = browser_of("carol").post(
            path(stuck), {"way": "retry", "reason": "Perhaps."}, follow=True
        )
    assert "It failed again: The broken one" in answer.text
    with use(acme):
        assert Incident.objects.open().exclude(pk=stuck.pk).count() == 1


def test_it_is_skipped_with_one_of_the_accepted_outcomes(browser_of, acme, stuck):
    body = {"way": "skip:ELSE", "reason": "Done by hand."}
    answer = browser_of("carol").post(path(stuck), body, follow=True)
    assert "Skipped: The broken one" in answer.text
    with use(acme):
        row = again(stuck)
        assert (row.resolution, row.reason) == ("skipped", "Done by hand.")
        assert row.workitem.condition == "ELSE"
        assert at(row.instance, "more").status == "inactive"


def test_where_no_outcome_is_asked_for_it_is_just_skipped(
    browser_of, acme, alice, helper
):
    auto = A("auto", "Auto", autostart=True, application="tests.auto", max_attempts=1)
    ways = (T("ask", "auto", "Go"), T("auto", "end", "Done"))
    with use(acme):
        install(process(A("ask", "Ask"), auto, END, ways=ways))
        stuck = failed(alice)
    client = browser_of("carol")
    assert "Skip it: go on as if it had been done" in client.get(path(stuck)).text
    client.post(path(stuck), {"way": "skip", "reason": "Done."})
    with use(acme):
        assert again(stuck).instance.status == "complete"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"way": "retry"}, "Say why in a few words."),
        ({"way": "retry", "reason": "  "}, "Say why in a few words."),
        ({"way": "retry", "reason": "x" * 1001}, "at most 1000 characters"),
        ({"way": "retry", "reason": "a\x00"}, "Null characters"),
        ({"reason": "kept"}, "Choose one of them."),
        ({"way": "skip", "reason": "kept"}, "This is no longer possible"),
        ({"way": "skip:HM", "reason": "kept"}, "This is no longer possible"),
        ({"way": "drop", "reason": "kept"}, "This is no longer possible"),
    ],
)
def test_what_is_missing_is_asked_for_and_the_rest_is_kept(
    browser_of, acme, stuck, body, told
):
    with use(acme):
        before = state_of(stuck.workitem)
    answer = browser_of("carol").post(path(stuck), body)
    assert answer.status_code == 422
    assert told in answer.text
    assert body.get("reason", "").strip().strip("\x00") in answer.text
    is_kept = re.search(r'value="retry"[^>]* checked', answer.text)
    assert bool(is_kept) is (body.get("way") == "retry")
    with use(acme):
        assert state_of(stuck.workitem) == before
        assert again(stuck).is_open


def test_a_second_press_shows_how_it_was_resolved(browser_of, acme, stuck):
    client = browser_of("carol")
    client.post(path(stuck), {"way": "skip:ELSE", "reason": "First."})
    with use(acme):
        before = state_of(stuck.workitem)
    answer = client.post(path(stuck), {"way": "skip:FINE", "reason": "Second."})
    assert answer.status_code == 409
    assert "Carol Acme saw to it." in answer.text
    assert "First." in answer.text
    assert "Resolve the incident" not in answer.text
    with use(acme):
        assert state_of(stuck.workitem) == before
    assert client.get(path(stuck)).status_code == 200


def test_what_is_paused_meanwhile_is_told_and_the_words_are_kept(
    browser_of, acme, admin, stuck
):
    with use(acme):
        lifecycle.suspend_instance(stuck.instance, by=admin)
    answer = browser_of("carol").post(path(stuck), {"way": "retry", "reason": "Kept."})
    assert answer.status_code == 409
    assert "The process instance is suspended. Nothing was changed by you." in (
        answer.text
    )
    assert "Kept.</textarea>" in answer.text
    with use(acme):
        assert again(stuck).is_open


def test_an_incident_that_stopped_nothing_is_only_closed(
    browser_of, acme, alice, bob, helper
):
    def fails(*_args):
        raise RuntimeError("no")

    with use(acme):
        data = process(
            A("ask", "Ask"),
            END,
            ways=(T("ask", "end", "Send", post_hook="tests.after"),),
        )
        install(data)
        item = start(alice)
        item.activate(alice)
        with behaving(after=fails), pytest.raises(HandlerFailed):
            item.complete(alice)
        found = Incident.objects.get(workitem=item)
    client = browser_of("carol")
    page = client.get(path(found)).text
    assert "Close it: the work goes on as it is" in page
    assert "Skip it" not in page
    client.post(path(found), {"way": "retry", "reason": "Mended."})
    with use(acme):
        assert not again(found).is_open
        assert WorkItem.objects.get(pk=item.pk).status == "active"


def test_what_a_skip_calls_may_fail_and_nothing_changes(
    browser_of, acme, alice, helper
):
    def fails(*_args):
        raise RuntimeError("no")

    auto = A("auto", "Auto", autostart=True, application="tests.auto", max_attempts=1)
    done = T("auto", "end", "Done", post_hook="tests.after")
    with use(acme):
        install(
            process(A("ask", "Ask"), auto, END, ways=(T("ask", "auto", "Go"), done))
        )
        stuck = failed(alice)
        before = state_of(stuck.workitem)
    with behaving(after=fails):
        answer = browser_of("carol").post(path(stuck), {"way": "skip", "reason": "Hm."})
    assert answer.status_code == 422
    assert "A step of this process failed" in answer.text
    assert "Hm.</textarea>" in answer.text
    with use(acme):
        assert state_of(stuck.workitem) == before
        assert again(stuck).is_open


# Isolation


def test_r68_who_may_not_resolve_incidents_finds_none(browser_of, acme, stuck):
    with use(acme):
        before = state_of(stuck.workitem)
    for name in ("alice", "bob"):
        client = browser_of(name)
        assert client.get(LIST).status_code == 404
        assert client.get(path(stuck)).status_code == 404
        body = {"way": "skip:FINE", "reason": "x"}
        assert client.post(path(stuck), body).status_code == 404
    with use(acme):
        assert state_of(stuck.workitem) == before
        assert again(stuck).is_open


def test_r79_the_incidents_of_another_tenant_are_missing(browser_of, acme, stuck):
    client = browser_of("admin", "globex.localhost")
    assert "The broken one" not in client.get(LIST).text
    assert client.get(path(stuck)).status_code == 404
    body = {"way": "skip:FINE", "reason": "x"}
    assert client.post(path(stuck), body).status_code == 404
    assert browser_of("mallory", "globex.localhost").get(LIST).status_code == 404
    with use(acme):
        assert again(stuck).is_open


def test_a_number_that_no_row_has_is_missing(browser_of, helper):
    assert browser_of("carol").get(f"{LIST}{'9' * 40}/").status_code == 404


def test_r69_strangers_sign_in_first(visitor, acme):
    for address in (LIST, f"{LIST}1/"):
        assert visitor().get(address).url.startswith("/accounts/sign-in")


def test_a_get_changes_nothing_and_a_form_needs_its_token(browser_of, acme, stuck):
    with use(acme):
        before = (state_of(stuck.workitem), AuditEvent.objects.count())
    client = browser_of("carol")
    assert client.get(LIST).status_code == 200
    assert client.get(path(stuck), {"way": "retry", "reason": "x"}).status_code == 200
    assert client.post(LIST).status_code == 405
    client.handler.enforce_csrf_checks = True
    body = {"way": "retry", "reason": "x"}
    assert client.post(path(stuck), body).status_code == 403
    with use(acme):
        assert (state_of(stuck.workitem), AuditEvent.objects.count()) == before


# What it costs, frame and session included


def cost(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as sent:
        assert client.get(address).status_code == 200
    return len(sent)


def test_the_list_asks_the_database_no_more_where_there_are_more(
    browser_of, acme, alice, stuck
):
    client = browser_of("carol")
    before = cost(client, LIST)
    with use(acme):
        for _more in range(8):
            failed(alice)
    assert cost(client, LIST) <= before
    assert before <= 8, before
    assert cost(client, path(stuck)) <= 8
