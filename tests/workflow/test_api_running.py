"""The API about what runs: instances, incidents, comments, versions and repeats."""

import json
import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from kernel import clock
from tenants.context import use
from tests.workflow import processes
from tests.workflow.processes import approval, behaving, document, install
from tests.workflow.test_api import API, assert_problem, post
from tests.workflow.test_incidents import failed
from workflow.errors import IdempotencyKeyReused, InstanceState
from workflow.models import (
    AuditEvent,
    Comment,
    IdempotencyKey,
    ProcessInstance,
    WorkItem,
)


@pytest.fixture
def ready(acme, alice, bob, carol) -> WorkItem:
    """Return the item that waits for an answer; carol may manage all of it."""
    with use(acme):
        for name in ("can_manage_instances", "can_resolve_incidents"):
            carol.user_permissions.add(Permission.objects.get(codename=name))
        install(approval())
        return processes.sent_for_approval(alice, bob)


def send(client, path, body=None, **headers):
    return client.post(
        f"{API}{path}",
        data=json.dumps(body or {}),
        content_type="application/json",
        headers=headers,
    )


def starting(acme, alice, **values):
    """Return the body that starts the approval about a new document of alice."""
    with use(acme):
        key = document(alice).pk
    return {
        "process_name": "test",
        "content_app_label": "leave",
        "content_model": "leaverequest",
        "object_id": key,
        **values,
    }


# Instances


def test_an_instance_is_suspended_resumed_and_cancelled(api, ready):
    client = api("carol")
    path = f"/instances/{ready.instance_id}"
    for verb, status, state in (
        ("suspend", "suspended", "suspended"),
        ("resume", "resumed", "running"),
    ):
        answer = post(client, f"{path}/{verb}")
        assert answer.json() == {"status": status, "instance_id": ready.instance_id}
        assert client.get(f"{API}{path}").json()["status"] == state
    assert_problem(post(client, f"{path}/cancel"), 422, "reason.invalid")
    answer = post(client, f"{path}/cancel", {"reason": "Asked twice"})
    assert answer.json()["status"] == "cancelled"
    shown = client.get(f"{API}{path}").json()
    assert (shown["status"], shown["close_reason"]) == ("terminated", "Asked twice")
    assert_problem(post(client, f"{path}/resume"), 409, "instance.closed")


def test_r65_others_may_not_manage_an_instance_that_they_see(api, ready):
    for verb in ("suspend", "resume", "cancel"):
        answer = post(
            api("alice"), f"/instances/{ready.instance_id}/{verb}", {"reason": "x"}
        )
        assert_problem(answer, 403, "instance.not_allowed")
    answer = post(api("mallory", "globex.localhost"), "/instances/1/suspend")
    assert_problem(answer, 404, "instance.not_found")


def test_work_of_a_suspended_instance_is_refused(api, ready):
    post(api("bob"), f"/workitems/{ready.pk}/claim")
    post(api("carol"), f"/instances/{ready.instance_id}/suspend")
    answer = post(api("bob"), f"/workitems/{ready.pk}/activate")
    assert_problem(answer, 409, "instance.suspended")


def test_the_instances_that_one_may_see_are_listed_and_narrowed(api, acme, ready):
    client = api("alice")
    [row] = client.get(f"{API}/instances").json()
    assert (row["id"], row["status"], row["process"]) == (
        ready.instance_id,
        "running",
        "test",
    )

    def count(query):
        return len(client.get(f"{API}/instances?{query}").json())

    assert count("status=running&status=complete") == 1
    assert count("status=complete") == 0
    assert count("status=active") == 0
    assert count(f"process={row['process_id']}&q=HOLIDAY") == 1
    assert count("q=nothing-like-it") == 0
    assert count("priority_min=1") == 0
    assert count("created_after=2020-01-01T00:00:00Z") == 1
    assert count("created_after=2120-01-01T00:00:00%2B02:00") == 0
    with use(acme):
        WorkItem.objects.filter(pk=ready.pk).update(status="active")
    assert count("status=active") == 1
    foreign = api("mallory", "globex.localhost")
    assert foreign.get(f"{API}/instances").json() == []


def test_the_work_items_are_narrowed(api, ready, bob):
    client = api("bob")

    def count(query):
        answer = client.get(f"{API}/workitems?{query}")
        assert answer.status_code == 200, answer.content
        return len(answer.json())

    assert count("user=999999") == 0
    assert count("priority_min=0") == 1
    soon = (clock.now() + timedelta(days=4)).isoformat().replace("+", "%2B")
    now = clock.now().isoformat().replace("+", "%2B")
    assert (count(f"due_before={soon}"), count(f"due_before={now}")) == (1, 0)
    assert (count(f"created_after={now}"), count(f"updated_after={now}")) == (0, 0)
    assert (count("q=approve"), count("q=nowhere")) == (1, 0)


@pytest.mark.parametrize(
    "query",
    [
        "due_before=tomorrow",
        "due_before=2026-01-31",
        "created_after=0001-01-01T00:00:00%2B14:00",
        "q=",
        "q=a%00b",
        f"q={'x' * 101}",
        "status=sleeping",
        "user=-1",
        "nonsense=1",
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(api, ready, query):
    for path in ("/workitems", "/my/workitems"):
        assert_problem(api("bob").get(f"{API}{path}?{query}"), 400, "page.invalid")


# Incidents


def test_incidents_are_listed_and_resolved_by_who_may(api, acme, alice, ready):
    with use(acme):
        stuck, incident = failed(install, alice)
    client = api("carol")
    [row] = client.get(f"{API}/incidents?open=true").json()
    assert (row["id"], row["kind"], row["workitem_id"]) == (
        incident.pk,
        "auto.failed",
        stuck.pk,
    )
    assert "trace" not in row
    assert api("alice").get(f"{API}/incidents").json() == []
    path = f"/incidents/{incident.pk}"
    answer = post(api("alice"), f"{path}/retry", {"reason": "x"})
    assert_problem(answer, 404, "incident.not_found")

    assert_problem(post(client, f"{path}/retry"), 422, "reason.invalid")
    answer = post(client, f"{path}/skip", {"reason": "x", "condition": "NO"})
    assert_problem(answer, 422, "split.no_match")
    with behaving(auto=lambda workitem: {"condition": "FINE"}):
        answer = post(client, f"{path}/retry", {"reason": "It is back"})
    assert answer.json() == {
        "status": "retried",
        "incident_id": incident.pk,
        "workitem_id": stuck.pk,
    }
    answer = post(client, f"{path}/skip", {"reason": "x"})
    assert_problem(answer, 409, "incident.closed")
    assert client.get(f"{API}/incidents?open=true").json() == []
    assert_problem(client.get(f"{API}/incidents?open=1"), 400, "page.invalid")


# Comments


def test_who_sees_the_work_may_comment_on_it(api, acme, ready):
    client = api("bob")
    answer = post(client, f"/workitems/{ready.pk}/comments", {"text": " Soon. "})
    assert answer.json()["status"] == "commented"
    post(api("alice"), f"/instances/{ready.instance_id}/comments", {"text": "Thanks."})
    listed = client.get(f"{API}/instances/{ready.instance_id}/comments").json()
    assert [(row["text"], row["author"], row["workitem_id"]) for row in listed] == [
        ("Soon.", "Bob Acme", ready.pk),
        ("Thanks.", "Alice Acme", None),
    ]
    assert len(client.get(f"{API}/workitems/{ready.pk}/comments").json()) == 1
    with use(acme):
        events = AuditEvent.objects.of_instance(ready.instance_id)
        assert [event.action for event in events][-2:] == [
            "workitem.commented",
            "instance.commented",
        ]
        assert "Soon" not in str([event.metadata for event in events])


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "a\x00b"])
def test_a_comment_that_cannot_be_stored_is_refused(api, acme, ready, text):
    answer = post(api("bob"), f"/workitems/{ready.pk}/comments", {"text": text})
    assert answer.status_code == 422
    with use(acme):
        assert not Comment.objects.exists()
    answer = post(
        api("mallory", "globex.localhost"), "/instances/1/comments", {"text": "x"}
    )
    assert_problem(answer, 404, "instance.not_found")


# Versions


def test_a_write_against_an_older_version_is_refused(api, acme, ready):
    client = api("bob")
    path = f"/workitems/{ready.pk}"
    tag = client.get(f"{API}{path}").headers["ETag"]
    assert send(client, f"{path}/claim", **{"If-Match": tag}).status_code == 200
    answer = send(client, f"{path}/activate", **{"If-Match": tag})
    assert_problem(answer, 412, "precondition.failed")
    for loose in (f'W/"{int(tag[1:-1]) + 1}"', "*"):
        answer = send(client, f"{path}/activate", **{"If-Match": loose})
        assert answer.status_code == 200
    for wrong in ("x", "-1", "9" * 40, ""):
        answer = send(client, f"{path}/release", **{"If-Match": wrong})
        assert_problem(answer, 412, "precondition.failed")


def test_an_instance_has_a_version_too(api, ready):
    client = api("carol")
    path = f"/instances/{ready.instance_id}"
    tag = client.get(f"{API}{path}").headers["ETag"]
    post(client, f"{path}/suspend")
    answer = send(client, f"{path}/resume", **{"If-Match": tag})
    assert_problem(answer, 412, "precondition.failed")


# Repeats


def test_a_repeat_with_the_same_key_gives_the_first_answer(api, acme, alice, ready):
    client, body = api("alice"), starting(acme, alice)
    first = send(client, "/processes/start", body, **{"Idempotency-Key": "one"})
    again = send(client, "/processes/start", body, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    other = send(client, "/processes/start", body, **{"Idempotency-Key": "two"})
    assert other.json() != first.json()


def test_a_key_with_another_body_or_of_another_person(api, acme, alice, bob, ready):
    client = api("alice")
    body = starting(acme, alice)
    send(client, "/processes/start", body, **{"Idempotency-Key": "one"})
    changed = {**body, "title": "Another"}
    answer = send(client, "/processes/start", changed, **{"Idempotency-Key": "one"})
    assert_problem(answer, 422, "idempotency.other_body")
    answer = send(
        api("bob"),
        f"/workitems/{ready.pk}/claim",
        **{"Idempotency-Key": "one"},
    )
    assert answer.json()["status"] == "claimed"


def test_a_refusal_is_not_kept(api, ready):
    key = {"Idempotency-Key": "one"}
    path = f"/workitems/{ready.pk}"
    client = api("bob")
    assert_problem(send(client, f"{path}/complete", **key), 403, "workitem.not_holder")
    post(client, f"{path}/activate")
    body = {"condition": "APPROVED"}
    answer = send(client, f"{path}/complete", body, **key)
    assert answer.json()["status"] == "completed"
    again = send(client, f"{path}/complete", body, **key)
    assert (again.json(), again.status_code) == (answer.json(), 200)


def test_one_that_still_runs_is_a_conflict_until_it_has_died(
    frozen_clock, api, acme, ready, bob
):
    key = {"Idempotency-Key": "one"}
    path = f"/workitems/{ready.pk}/claim"
    client = api("bob")
    send(client, path, **key)
    with use(acme):
        row = IdempotencyKey.objects.get()
        IdempotencyKey.objects.update(status=None, answer=None)
    assert_problem(send(client, path, **key), 409, "idempotency.running")
    clock.advance(timedelta(minutes=3))
    assert send(client, path, **key).json()["status"] == "claimed"
    with use(acme):
        row.refresh_from_db()
    assert row.status == 200


def test_a_key_is_forgotten_after_its_time(frozen_clock, api, acme, alice, ready):
    client, body = api("alice"), starting(acme, alice)
    key = {"Idempotency-Key": "one"}
    path = f"/instances/{ready.instance_id}/comments"
    send(client, path, {"text": "x"}, **key)
    clock.advance(timedelta(days=1, seconds=1))
    client = api("alice")
    answer = send(client, path, {"text": "y"}, **key)
    assert answer.status_code == 200, body
    with use(acme):
        assert [one.text for one in Comment.objects.all()] == ["x", "y"]
        assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "ä"])
def test_a_key_that_cannot_be_one_is_refused(api, ready, key):
    answer = send(
        api("bob"), f"/workitems/{ready.pk}/claim", **{"Idempotency-Key": key}
    )
    assert_problem(answer, 400, "idempotency.key_invalid")


def test_a_start_with_a_key_happens_once_whatever_dies(in_acme, alice, installed):
    installed(approval())
    about = document(alice)

    def begin(code="test"):
        return ProcessInstance.objects.start(code, alice, about, idempotency_key="once")

    first = begin()
    assert begin() == first
    assert ProcessInstance.objects.filter(idempotency_key="once").count() == 1
    installed(approval("other"))
    with pytest.raises(IdempotencyKeyReused):
        begin("other")


@pytest.mark.django_db(transaction=True)
def test_eight_starts_at_once_with_one_key_begin_one_instance(api, acme, alice, ready):
    client_body = starting(acme, alice)
    token_client = [api("alice") for _ in range(8)]
    answers = []

    def go(client):
        key = {"Idempotency-Key": "k"}
        answers.append(send(client, "/processes/start", client_body, **key))
        connection.close()

    threads = [threading.Thread(target=go, args=(one,)) for one in token_client]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    with use(acme):
        assert ProcessInstance.objects.filter(idempotency_key="k").count() == 1


def test_a_key_that_began_something_else_is_refused(in_acme, alice, installed):
    installed(approval())
    about, other = document(alice), document(alice)
    begin = ProcessInstance.objects.start
    prepared = begin("test", alice, about, idempotency_key="k", deferred=True)
    assert begin("test", alice, about, idempotency_key="k", deferred=True) == prepared
    with pytest.raises(InstanceState):
        begin("test", alice, about, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        begin("test", alice, other, idempotency_key="k", deferred=True)


def test_comments_and_resolutions_honour_the_version_too(api, acme, alice, ready):
    wrong = {"If-Match": '"999"'}
    answer = send(api("bob"), f"/workitems/{ready.pk}/comments", {"text": "x"}, **wrong)
    assert_problem(answer, 412, "precondition.failed")
    with use(acme):
        _, incident = failed(install, alice)
    answer = send(
        api("carol"), f"/incidents/{incident.pk}/skip", {"reason": "x"}, **wrong
    )
    assert_problem(answer, 412, "precondition.failed")


def test_a_remark_about_hidden_work_is_hidden(api, acme, ready, settings):
    post(api("bob"), f"/workitems/{ready.pk}/comments", {"text": "Secret."})

    def hides(queryset, request=None, user=None):
        if queryset.model is WorkItem:
            return queryset.exclude(pk=ready.pk)
        return queryset

    settings.GOFLOW_TENANT_FILTER = hides
    answer = api("alice").get(f"{API}/instances/{ready.instance_id}/comments")
    assert answer.json() == []
