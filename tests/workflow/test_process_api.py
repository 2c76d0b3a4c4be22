"""Versions by the API: who may look, publish, clone and retire."""

import json
from collections.abc import Iterator
from copy import deepcopy

import pytest

from tenants.context import use
from tests.workflow.designing import allowed, plain
from tests.workflow.processes import approval, install
from workflow.drafts import clone_process
from workflow.models import AuditEvent, Process
from workflow.publishing import publish_process

API = "/api/protected/processes"
HUGE = 10**40


@pytest.fixture(scope="module")
def made(sharing) -> Iterator[list[Process]]:
    with sharing() as within:
        with within("acme") as person:
            admin = person("admin")
            first = install(plain())
            second = publish_process(clone_process(first, by=admin), by=admin)
            third = clone_process(second, by=admin)
            rows = [Process.objects.get(pk=row.pk) for row in (first, second, third)]
        yield rows


@pytest.fixture
def versions(made, acme) -> list[Process]:
    """Return a retired version, a published one and a draft."""
    with use(acme):
        return deepcopy(made)


@pytest.fixture
def rights(acme, alice):
    """Return a giver of rights to alice."""

    def give(*names: str) -> None:
        with use(acme):
            allowed(alice, *names)

    return give


def post(client, path, body=None):
    text = "" if body is None else json.dumps(body)
    return client.generic("POST", f"{API}/{path}", text, "application/json")


def code(answer) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def events(acme) -> int:
    with use(acme):
        return AuditEvent.objects.count()


def test_the_versions_of_a_process_are_listed(api, versions, admin):
    listed = api("admin").get(f"{API}/{versions[2].pk}/versions").json()
    assert [(row["id"], row["version"], row["status"]) for row in listed] == [
        (versions[0].pk, 1, "retired"),
        (versions[1].pk, 2, "published"),
        (versions[2].pk, 3, "draft"),
    ]
    assert set(listed[0]) == {
        *("id", "title", "enabled", "code", "version", "status"),
        *("version_note", "revision", "published_at", "published_by_id"),
    }
    assert listed[1]["published_by_id"] == admin.pk
    first = api("admin").get(f"{API}/{versions[0].pk}/versions?limit=2")
    assert "after=2" in first["Link"]
    assert code(api("admin").get(f"{API}/{versions[0].pk}/versions?no=1"))[0] == 400


def test_two_versions_are_compared(api, versions):
    path = f"{API}/{versions[0].pk}/diff"
    found = api("admin").get(f"{path}?compare={versions[2].pk}").json()
    assert (found["base_id"], found["compare_id"]) == (versions[0].pk, versions[2].pk)
    assert found["activities_added"] == found["transitions_removed"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", (400, "compare.invalid")),
        ("?compare=x", (400, "page.invalid")),
        ("?compare=-1", (400, "page.invalid")),
        (f"?compare={HUGE}", (400, "page.invalid")),
        ("?compare=999999", (404, "process.not_found")),
        ("?compare=1&else=2", (400, "page.invalid")),
    ],
)
def test_a_comparison_that_means_nothing_is_refused(api, versions, query, status):
    assert code(api("admin").get(f"{API}/{versions[0].pk}/diff{query}")) == status


def test_different_processes_are_not_compared(api, acme, versions):
    with use(acme):
        other = install(approval())
    answer = api("admin").get(f"{API}/{versions[0].pk}/diff?compare={other.pk}")
    assert code(answer) == (400, "compare.invalid")


def test_a_version_goes_round(api, acme, versions):
    client = api("admin")
    first, second, third = versions
    answer = post(client, f"{third.pk}/publish")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "published", "process_id": third.pk, "version": 3},
    )
    answer = post(client, f"{third.pk}/clone")
    with use(acme):
        fourth = Process.objects.get(code=third.code, version=4)
    assert answer.json() == {
        "status": "cloned",
        "process_id": fourth.pk,
        "version": 4,
    }
    answer = post(client, f"{third.pk}/retire")
    assert answer.json() == {
        "status": "retired",
        "process_id": third.pk,
        "version": 3,
    }
    # Publishing a retired version is the way back.
    assert post(client, f"{first.pk}/publish").json()["status"] == "published"
    with use(acme):
        first.refresh_from_db()
        assert first.version_note == "rollback to version 1"
        second.refresh_from_db()
        assert second.status == "retired"


def test_a_wrong_state_is_a_conflict(api, acme, versions):
    client = api("admin")
    before = events(acme)
    first, second, third = versions
    assert code(post(client, f"{second.pk}/publish")) == (409, "process.not_draft")
    assert code(post(client, f"{first.pk}/retire")) == (409, "process.not_published")
    assert code(post(client, f"{third.pk}/retire")) == (409, "process.not_published")
    assert events(acme) == before


def test_what_cannot_be_published_says_why(api, acme, admin):
    from workflow.drafts import create_draft

    with use(acme):
        made = create_draft("Empty", by=admin)
    answer = post(api("admin"), f"{made.pk}/publish")
    assert code(answer) == (422, "process.invalid")
    codes = {error["code"] for error in answer.json()["errors"]}
    assert "process.ends" in codes


VERBS = ("publish", "clone", "retire")


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_look_and_no_more_is_refused(api, acme, versions, rights, verb):
    rights("can_browse")
    before = events(acme)
    for version in versions:
        answer = post(api("alice"), f"{version.pk}/{verb}")
        assert code(answer) == (403, "process.right_missing")
    assert events(acme) == before


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_member_may_not_see_is_missing(api, acme, versions, verb):
    first, second, third = versions
    before = events(acme)
    for hidden in (first, third):
        answer = post(api("alice"), f"{hidden.pk}/{verb}")
        assert code(answer) == (404, "process.not_found")
    answer = post(api("alice"), f"{second.pk}/{verb}")
    assert code(answer) == (403, "process.right_missing")
    assert events(acme) == before


def test_a_member_sees_no_versions(api, versions):
    client = api("alice")
    for path in ("versions", f"diff?compare={versions[1].pk}"):
        answer = client.get(f"{API}/{versions[1].pk}/{path}")
        assert code(answer) == (403, "process.right_missing")
        answer = client.get(f"{API}/{versions[0].pk}/{path}")
        assert code(answer) == (404, "process.not_found")


@pytest.mark.parametrize("right", ["can_browse", "can_design", "can_publish"])
def test_who_works_on_processes_sees_every_version(api, versions, rights, right):
    rights(right)
    client = api("alice")
    listed = client.get(f"{API}/{versions[2].pk}/versions").json()
    assert len(listed) == 3
    seen = {row["id"] for row in client.get(API).json()}
    assert seen >= {version.pk for version in versions}


def test_who_designs_clones_and_does_not_publish(api, versions, rights):
    rights("can_design")
    client = api("alice")
    assert post(client, f"{versions[1].pk}/clone").status_code == 200
    assert post(client, f"{versions[2].pk}/publish").status_code == 403


@pytest.mark.parametrize("verb", VERBS)
def test_r67_a_get_changes_nothing(api, acme, versions, verb):
    before = events(acme)
    for version in versions:
        answer = api("admin").get(f"{API}/{version.pk}/{verb}")
        assert answer.status_code == 405
    assert events(acme) == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_token_of_a_program_changes_no_process(api, versions, monkeypatch, verb):
    from accounts.authentication import TenantAuth

    real = TenantAuth.authenticate

    def as_program(self, request, token):
        user = real(self, request, token)
        request.auth_via = "api_token"
        return user

    monkeypatch.setattr(TenantAuth, "authenticate", as_program)
    answer = post(api("admin"), f"{versions[1].pk}/{verb}")
    assert code(answer) == (403, "process.right_missing")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("number", [0, -1, 999_999, HUGE])
def test_a_version_that_is_not_there_is_missing(api, versions, verb, number):
    answer = post(api("admin"), f"{number}/{verb}")
    assert code(answer) == (404, "process.not_found")


def test_another_tenants_version_is_missing(api, versions):
    client = api("admin", "globex.localhost")
    for verb in VERBS:
        assert post(client, f"{versions[0].pk}/{verb}").status_code == 404


def test_any_body_is_ignored(api, versions):
    body = {"condition": "APPROVED", "user_id": 1}
    assert post(api("admin"), f"{versions[1].pk}/clone", body).status_code == 200
