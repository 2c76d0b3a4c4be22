"""The API under /api/protected, as programs and strangers meet it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta

import pytest

from kernel import clock
from tenants.context import use
from tests.workflow.processes import (
    approval,
    at,
    do,
    document,
    install,
    sent_to,
    start,
)
from workflow.models import AuditEvent, ProcessInstance, WorkItem

API = "/api/protected"
HUGE = "9" * 40


@pytest.fixture(scope="module")
def sent(sharing) -> Iterator[WorkItem]:
    with sent_to(sharing) as item:
        yield item


@pytest.fixture
def ready(sent, db) -> WorkItem:
    """Return the item of acme that waits for an answer."""
    return deepcopy(sent)


def post(client, path, body=None):
    return client.post(
        f"{API}{path}",
        data=json.dumps({} if body is None else body),
        content_type="application/json",
    )


def assert_problem(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "status", "detail", "code"}


def test_the_processes_and_their_activities(api, ready):
    client = api("alice")
    listed = client.get(f"{API}/processes").json()
    mine = next(row for row in listed if row["title"] == "test")
    assert mine == {
        "id": ready.instance.process_id,
        "title": "test",
        "enabled": True,
        "code": "test",
        "version": 1,
        "status": "published",
    }
    activities = client.get(f"{API}/processes/{mine['id']}/activities").json()
    assert activities[0] == {
        "id": activities[0]["id"],
        "title": "Ask",
        "kind": "standard",
        "process_id": mine["id"],
        "key": "ask",
        "node_type": "standard",
        "description": "",
    }


def test_the_seeds_round_by_api(api, ready, bob):
    client = api("bob")
    [row] = client.get(f"{API}/my/workitems").json()
    assert {key: row[key] for key in ("id", "status", "user_id", "instance_id")} == {
        "id": ready.pk,
        "status": "inactive",
        "user_id": None,
        "instance_id": ready.instance_id,
    }
    assert row["due_at"] is not None

    answer = post(client, f"/workitems/{ready.pk}/activate")
    assert answer.json() == {"status": "activated", "workitem_id": ready.pk}
    [held] = client.get(f"{API}/my/workitems?held=true").json()
    assert (held["status"], held["user_id"]) == ("active", bob.pk)

    answer = post(client, f"/workitems/{ready.pk}/complete", {"condition": "APPROVED"})
    assert answer.json() == {"status": "completed", "workitem_id": ready.pk}
    assert client.get(f"{API}/my/workitems").json() == []


def test_a_body_may_be_missing(api, acme, alice, ready):
    with use(acme):
        item = start(alice)
    client = api("alice")
    for verb in ("activate", "complete"):
        answer = client.generic("POST", f"{API}/workitems/{item.pk}/{verb}")
        assert answer.status_code == 200, answer.content


def test_activating_twice_gives_the_same_answer_and_one_event(api, acme, ready):
    client = api("bob")
    for _ in range(2):
        assert post(client, f"/workitems/{ready.pk}/activate").status_code == 200
    with use(acme):
        events = AuditEvent.objects.filter(workitem_id=ready.pk)
        assert events.filter(action="workitem.activated").count() == 1


def test_starting_a_process(api, acme, alice, ready):
    with use(acme):
        subject = document(alice)
    answer = post(api("alice"), "/processes/start", start_body(subject.pk))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert set(body) == {"status", "workitem_id", "instance_id"}
    assert body["status"] == "started"
    with use(acme):
        item = WorkItem.objects.get(pk=body["workitem_id"])
        assert (item.user, item.instance_id) == (alice, body["instance_id"])
        assert (item.priority, item.instance.title) == (5, "Vacation request")
        assert item.instance.content_object == subject


def start_body(object_id, **changed):
    return {
        "process_name": "test",
        "content_app_label": "leave",
        "content_model": "leaverequest",
        "object_id": object_id,
        "title": "Vacation request",
        "priority": 5,
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"content_model": "nothing"}, 400, "content_type.invalid"),
        ({"content_app_label": "no.such"}, 400, "content_type.invalid"),
        (
            {"content_app_label": "accounts", "content_model": "user"},
            403,
            "content_type.not_allowed",
        ),
        ({"process_name": "missing"}, 404, "process.not_found"),
        ({"object_id": 10**6}, 404, "object.not_found"),
        ({"object_id": int(HUGE)}, 404, "object.not_found"),
        ({"object_id": -1}, 404, "object.not_found"),
        ({"object_id": "abc"}, 404, "object.not_found"),
        ({"object_id": "a\x00b"}, 422, "invalid_text"),
        ({"title": "a\x00b"}, 422, "invalid_text"),
        ({"title": "\ud800"}, 422, "invalid_body"),
        ({"process_name": "a\x00b"}, 422, "invalid_text"),
        ({"process_name": ""}, 422, "invalid_body"),
        ({"object_id": None}, 422, "invalid_body"),
        ({"object_id": True}, 422, "invalid_body"),
        ({"object_id": [1]}, 422, "invalid_body"),
        ({"priority": 2**40}, 422, "invalid_body"),
        ({"priority": "high"}, 422, "invalid_body"),
    ],
)
def test_what_cannot_be_started(  # noqa: PLR0917 - pytest passes by name
    api, acme, alice, ready, changed, status, code
):
    with use(acme):
        body = {**start_body(document(alice).pk), **changed}
        before = ProcessInstance.objects.count()
    assert_problem(post(api("alice"), "/processes/start", body), status, code)
    with use(acme):
        assert ProcessInstance.objects.count() == before


def test_an_object_of_somebody_else_is_not_allowed(api, acme, alice, bob, ready):
    with use(acme):
        foreign = document(bob).pk
    answer = post(api("alice"), "/processes/start", start_body(foreign))
    assert_problem(answer, 403, "object.not_allowed")


def test_the_setting_says_whose_an_object_is(api, acme, alice, ready, settings):
    settings.GOFLOW_API_OBJECT_OWNER_FIELDS = ("owner", "author")
    with use(acme):
        own = document(alice).pk
    answer = post(api("alice"), "/processes/start", start_body(own))
    assert_problem(answer, 403, "object.not_allowed")
    settings.GOFLOW_API_OBJECT_OWNER_FIELDS = ("owner", "requester")
    assert post(api("alice"), "/processes/start", start_body(own)).status_code == 200


def test_the_settings_narrow_what_may_be_started(api, acme, alice, ready, settings):
    with use(acme):
        body = start_body(document(alice).pk)
    client = api("alice")
    settings.GOFLOW_API_ALLOWED_PROCESS_TITLES = ("leave",)
    assert_problem(post(client, "/processes/start", body), 403, "process.not_allowed")
    settings.GOFLOW_API_ALLOWED_PROCESS_TITLES = ("test",)
    settings.GOFLOW_API_ALLOWED_CONTENT_TYPES = ("x.y",)
    answer = post(client, "/processes/start", body)
    assert_problem(answer, 403, "content_type.not_allowed")
    settings.GOFLOW_API_ALLOWED_CONTENT_TYPES = ("leave.LeaveRequest",)
    assert post(client, "/processes/start", body).status_code == 200


def test_r53_start_groups_hold_at_every_entry(api, acme, alice, bob, ready):
    with use(acme):
        data = approval(code="closed")
        from dataclasses import replace

        install(replace(data, start_groups=("Managers",)))
        mine, his = document(alice).pk, document(bob).pk
    body = start_body(mine, process_name="closed")
    assert_problem(
        post(api("alice"), "/processes/start", body), 403, "process.not_allowed"
    )
    body = start_body(his, process_name="closed")
    assert post(api("bob"), "/processes/start", body).status_code == 200


def test_a_member_sees_what_concerns_them_and_an_admin_all(api, acme, alice, ready):
    with use(acme):
        do(ready, alice, "APPROVED")
        own = start(alice)
    seen = {row["id"] for row in api("alice").get(f"{API}/workitems").json()}
    assert own.pk in seen
    assert ready.pk in seen
    bobs = {row["id"] for row in api("bob").get(f"{API}/workitems").json()}
    assert own.pk not in bobs
    everything = {row["id"] for row in api("admin").get(f"{API}/workitems").json()}
    assert seen | bobs <= everything


def test_r65_what_one_does_not_see_is_missing(api, acme, alice, ready):
    with use(acme):
        item = start(alice)
    client = api("bob")
    for path in (f"/workitems/{item.pk}", f"/instances/{item.instance_id}"):
        assert client.get(f"{API}{path}").status_code == 404
    for verb in ("activate", "complete"):
        answer = post(client, f"/workitems/{item.pk}/{verb}")
        assert_problem(answer, 404, "workitem.not_found")
    with use(acme):
        assert WorkItem.objects.get(pk=item.pk).status == "inactive"


def test_r65_an_admin_sees_and_still_cannot_act_for_the_holder(api, acme, alice, ready):
    with use(acme):
        item = start(alice)
    client = api("admin")
    assert client.get(f"{API}/workitems/{item.pk}").status_code == 200
    answer = post(client, f"/workitems/{item.pk}/activate")
    assert_problem(answer, 409, "workitem.held")
    answer = post(client, f"/workitems/{item.pk}/complete")
    assert_problem(answer, 403, "workitem.not_holder")


ROUTES = [
    ("get", "/processes"),
    ("get", "/processes/1/activities"),
    ("get", "/processes/1/versions"),
    ("get", "/processes/1/diff"),
    ("post", "/processes/1/publish"),
    ("post", "/processes/1/clone"),
    ("post", "/processes/1/retire"),
    ("get", "/workitems"),
    ("get", "/my/workitems"),
    ("get", "/workitems/1"),
    ("get", "/workitems/1/comments"),
    ("get", "/instances"),
    ("get", "/instances/1"),
    ("get", "/instances/1/comments"),
    ("get", "/instances/1/history"),
    ("get", "/instances/1/state"),
    ("get", "/processes/1/xes"),
    ("post", "/workitems/1/activate"),
    ("post", "/workitems/1/complete"),
    ("post", "/workitems/1/claim"),
    ("post", "/workitems/1/release"),
    ("post", "/workitems/1/reassign"),
    ("post", "/workitems/1/delegate"),
    ("post", "/workitems/1/forward"),
    ("post", "/workitems/1/comments"),
    ("post", "/processes/start"),
    ("post", "/instances/1/suspend"),
    ("post", "/instances/1/resume"),
    ("post", "/instances/1/cancel"),
    ("post", "/instances/1/comments"),
    ("get", "/incidents"),
    ("post", "/incidents/1/retry"),
    ("post", "/incidents/1/skip"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_r79_without_a_token_every_route_is_401(visitor, method, path):
    answer = getattr(visitor(), method)(f"{API}{path}")
    assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_r79_a_token_of_another_tenant_is_401(visitor, token, method, path):
    foreign = token("mallory", "globex.localhost")
    client = visitor("acme.localhost", authorization=f"Bearer {foreign}")
    answer = getattr(client, method)(f"{API}{path}")
    assert_problem(answer, 401, "unauthenticated")


def test_r79_an_item_of_another_tenant_is_missing(api, ready):
    client = api("mallory", "globex.localhost")
    for path in (
        f"/workitems/{ready.pk}",
        f"/instances/{ready.instance_id}",
        f"/instances/{ready.instance_id}/history",
        f"/instances/{ready.instance_id}/state",
        f"/processes/{ready.instance.process_id + 100}/activities",
    ):
        assert client.get(f"{API}{path}").status_code == 404
    assert client.get(f"{API}/workitems").json() == []


def test_a_wrong_state_is_a_conflict(api, ready):
    client = api("bob")
    post(client, f"/workitems/{ready.pk}/activate")
    body = {"condition": "APPROVED"}
    assert post(client, f"/workitems/{ready.pk}/complete", body).status_code == 200
    answer = post(client, f"/workitems/{ready.pk}/complete", body)
    assert_problem(answer, 409, "workitem.closed")
    answer = post(client, f"/workitems/{ready.pk}/activate")
    assert_problem(answer, 409, "workitem.closed")


def test_r42_an_item_of_a_disabled_process_is_a_conflict(api, acme, ready):
    with use(acme):
        process = ready.instance.process
        process.enabled = False
        process.save(update_fields=["enabled"])
    client = api("bob")
    answer = post(client, f"/workitems/{ready.pk}/activate")
    assert_problem(answer, 409, "process.disabled")
    assert client.get(f"{API}/my/workitems").json() == []


def test_no_match_lists_what_is_accepted(api, ready):
    client = api("bob")
    post(client, f"/workitems/{ready.pk}/activate")
    answer = post(client, f"/workitems/{ready.pk}/complete", {"condition": "HM"})
    assert_problem(answer, 422, "split.no_match")
    assert answer.json()["accepted"] == [
        {"value": "APPROVED", "label": "Approve"},
        {"value": "REJECTED", "label": "Refuse"},
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"condition": "x" * 256}, 422, "outcome.too_long"),
        ({"condition": "a\x00"}, 422, "data.invalid"),
        ({"condition": "\ud800"}, 422, "data.invalid"),
        ({"condition": 5}, 422, "invalid_body"),
        ({"data": [1]}, 422, "invalid_body"),
        ({"data": {"a": "\x00"}}, 422, "data.invalid"),
        ([], 422, "invalid_body"),
        (0, 422, "invalid_body"),
        ([1], 422, "invalid_body"),
        ("text", 422, "invalid_body"),
    ],
)
def test_bodies_that_cannot_be_taken(  # noqa: PLR0917 - pytest passes by name
    api, acme, ready, body, status, code
):
    client = api("bob")
    post(client, f"/workitems/{ready.pk}/activate")
    answer = post(client, f"/workitems/{ready.pk}/complete", body)
    assert_problem(answer, status, code)
    with use(acme):
        assert WorkItem.objects.get(pk=ready.pk).status == "active"


@pytest.mark.parametrize("text", ["{", "nonsense", '{"a": NaN', "\x00"])
def test_malformed_json_is_400(api, ready, text):
    answer = api("bob").post(
        f"{API}/workitems/{ready.pk}/complete", text, content_type="application/json"
    )
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("key", [HUGE, "-1", "0", "-" + HUGE])
def test_numbers_that_no_row_has_are_404(api, key):
    client = api("admin")
    for path in (f"/workitems/{key}", f"/instances/{key}/history"):
        assert client.get(f"{API}{path}").status_code == 404
    assert client.get(f"{API}/processes/{key}/activities").status_code == 404
    assert post(client, f"/workitems/{key}/activate").status_code == 404


def test_a_key_that_is_no_number_is_422(api):
    assert api("admin").get(f"{API}/workitems/abc").status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=x",
        "limit=" + HUGE,
        "after=" + HUGE,
        "after=9999999999999999999",
        "after=²",
        "status=nothing",
        "status=a%00",
        "process=" + HUGE,
        "instance=x",
        "unknown=1",
        "a%00b=1",
    ],
)
def test_wrong_paging_and_filters_are_400(api, query):
    assert_problem(api("admin").get(f"{API}/workitems?{query}"), 400, "page.invalid")


def test_lists_are_paged_by_key_and_name_the_next_page(api, acme, alice, ready):
    with use(acme):
        made = {start(alice).pk for _ in range(5)}
    client = api("alice")
    path, seen = f"{API}/workitems?limit=2&status=inactive", []
    while path:
        answer = client.get(path)
        assert len(answer.json()) <= 2
        seen.extend(row["id"] for row in answer.json())
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].lstrip("<")
    assert seen == sorted(seen)
    assert made | {ready.pk} == set(seen)


def test_the_filters_narrow_the_list(api, acme, alice, ready):
    client = api("alice")
    path = f"{API}/workitems?instance={ready.instance_id}"
    assert len(client.get(path).json()) == 2
    narrowed = client.get(f"{path}&status=inactive&activity={ready.activity_id}")
    assert [row["id"] for row in narrowed.json()] == [ready.pk]
    other = client.get(f"{path}&process={ready.instance.process_id + 1000}")
    assert other.json() == []


def test_an_item_tells_what_may_be_done_with_it(api, ready):
    client = api("bob")
    body = client.get(f"{API}/workitems/{ready.pk}").json()
    assert body["actions"] == ["activate", "claim"]
    assert body["outcomes"][0] == {"value": "APPROVED", "label": "Approve"}
    post(client, f"/workitems/{ready.pk}/activate")
    body = client.get(f"{API}/workitems/{ready.pk}").json()
    assert body["actions"] == ["complete", "release", "delegate"]
    assert api("alice").get(f"{API}/workitems/{ready.pk}").json()["actions"] == []


def test_an_item_changes_hands(api, acme, ready, alice, bob):
    path = f"/workitems/{ready.pk}"
    answers = [
        post(api("bob"), f"{path}/claim"),
        post(api("bob"), f"{path}/release"),
        post(api("bob"), f"{path}/claim"),
        post(
            api("bob"), f"{path}/delegate", {"user_id": alice.pk, "return_to_me": True}
        ),
        post(api("alice"), f"{path}/activate"),
        post(api("alice"), f"{path}/complete", {"condition": "APPROVED"}),
        post(api("admin"), f"{path}/reassign", {"user_id": alice.pk}),
    ]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [
        (200, "claimed"),
        (200, "released"),
        (200, "claimed"),
        (200, "delegated"),
        (200, "activated"),
        (200, "returned"),
        (200, "reassigned"),
    ]
    with use(acme):
        row = WorkItem.objects.get(pk=ready.pk)
        assert (row.status, row.user_id) == ("inactive", alice.pk)
        assert [
            event.action for event in AuditEvent.objects.of_instance(row.instance_id)
        ][-1] == "workitem.reassigned"


def test_an_item_changes_no_hands_by_who_may_not_or_to_nobody(api, ready, bob):
    path = f"/workitems/{ready.pk}"
    post(api("bob"), f"{path}/claim")
    refused = {"user_id": bob.pk}
    assert_problem(
        post(api("alice"), f"{path}/reassign", refused), 403, "workitem.not_allowed"
    )
    assert_problem(post(api("alice"), f"{path}/release"), 403, "workitem.not_holder")
    for nobody in (bob.pk, 999_999, 2**63 - 1):
        answer = post(api("bob"), f"{path}/delegate", {"user_id": nobody})
        assert_problem(answer, 422, "assignee.invalid")
    for body in ({}, {"user_id": "1"}, {"user_id": 0}, {"user_id": 2**63}, []):
        assert post(api("bob"), f"{path}/delegate", body).status_code == 422
    assert_problem(post(api("bob"), f"{path}/forward"), 409, "workitem.state")


def test_an_instance_tells_where_it_stands_and_what_happened(api, ready, bob):
    client = api("alice")
    body = client.get(f"{API}/instances/{ready.instance_id}").json()
    assert (body["status"], body["tokens"]) == (
        "running",
        [{"activity": "Approve", "tokens": 1}],
    )
    history = client.get(f"{API}/instances/{ready.instance_id}/history").json()
    assert [event["seq"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["action"] == "process.started"
    assert history[0]["actor"] == "Alice Acme"


def test_an_instance_tells_how_it_stood_at_an_instant(
    api, acme, ready, bob, frozen_clock
):
    client = api("alice")
    path = f"{API}/instances/{ready.instance_id}/state"
    with use(acme):
        ready.activate(bob)
        clock.advance(timedelta(seconds=1))
        ready.complete(bob, condition="APPROVED")
    history = client.get(f"{API}/instances/{ready.instance_id}/history").json()
    [begun] = [one for one in history if one["action"] == "workitem.activated"][1:]
    then = client.get(path, {"at": begun["created_at"]}).json()
    assert (then["id"], then["at"]) == (ready.instance_id, begun["created_at"])
    assert then["status"] == "running"
    assert then["tokens"] == [{"activity": "Approve", "tokens": 1}]
    assert then["workitems"][-1] == {
        "id": ready.pk,
        "activity_id": ready.activity_id,
        "activity": "Approve",
        "status": "active",
        "user_id": bob.pk,
        "since": begun["created_at"],
    }
    now = client.get(path).json()
    assert (now["status"], now["tokens"]) == ("complete", [])
    before = client.get(path, {"at": "2001-01-01"}).json()
    assert (before["status"], before["workitems"]) == (None, [])


@pytest.mark.parametrize("at", ["now", "2026-13-01", "0001-01-01", "a\x00", HUGE])
def test_an_instant_that_is_none_is_400(api, ready, at):
    path = f"{API}/instances/{ready.instance_id}/state"
    assert_problem(api("alice").get(path, {"at": at}), 400, "instant.invalid")
    assert_problem(api("alice").get(path, {"when": "x"}), 400, "page.invalid")


def test_the_state_of_an_instance_that_one_does_not_see_is_missing(api, acme, alice):
    with use(acme):
        install(approval(roles=("Managers",)))
        own = start(alice)
    for query in ("", "?at=2026-08-03"):
        answer = api("carol").get(f"{API}/instances/{own.instance_id}/state{query}")
        assert_problem(answer, 404, "instance.not_found")


def test_get_changes_nothing(api, acme, ready):
    from tests.workflow.test_complete import state_of

    with use(acme):
        before = state_of(ready)
    client = api("bob")
    for method, path in ROUTES:
        if method == "get":
            client.get(f"{API}{path.replace('1', str(ready.pk))}")
    with use(acme):
        assert state_of(ready) == before


def test_an_expired_item_is_a_conflict_for_who_was_about_to_answer(
    api, acme, ready, frozen_clock
):
    from workflow import timers

    client = api("bob")
    post(client, f"/workitems/{ready.pk}/activate")
    with use(acme):
        due_at = at(ready.instance, "approve").due_at
        clock.advance(due_at - clock.now() + timedelta(seconds=1))
        timers.run_due(5)
    # The token is older than its life by now; a fresh one is needed.
    client = api("bob")
    answer = post(client, f"/workitems/{ready.pk}/complete", {"condition": "APPROVED"})
    assert_problem(answer, 409, "workitem.closed")
