"""A leave request over HTTP, from the wish to the mail."""

from datetime import timedelta

import pytest

from kernel import clock
from tenants.context import use
from tests import twins
from workflow.models import AuditEvent, ProcessInstance

REQUESTS = "/api/protected/leave/requests"
WORK = "/api/protected/my/workitems"


@pytest.fixture
def day() -> str:
    return (clock.now().date() + timedelta(days=20)).isoformat()


@pytest.fixture
def work_on(api):
    """Do the one piece of work that a person has."""

    def done(username: str, host: str, condition: str | None = None) -> None:
        client = api(username, host)
        [item] = client.get(WORK).json()
        path = f"/api/protected/workitems/{item['id']}"
        assert client.post(f"{path}/activate").json()["status"] == "activated"
        body = {} if condition is None else {"condition": condition}
        answer = client.post(f"{path}/complete", body, content_type="application/json")
        assert answer.json() == {"status": "completed", "workitem_id": item["id"]}

    return done


@pytest.fixture
def ask(api, day):
    def asked(username: str, host: str) -> int:
        body = {"kind": "holiday", "start_date": day, "end_date": day}
        client = api(username, host)
        answer = client.post(REQUESTS, body, content_type="application/json")
        assert answer.status_code == 201
        return answer.json()["id"]

    return asked


def status(client, number: int) -> str:
    return client.get(f"{REQUESTS}/{number}").json()["status"]


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_from_the_request_to_filed(slug, api, ask, work_on, letters):
    tenant, host = twins.info(slug), f"{slug}.localhost"
    number = ask("alice", host)
    work_on("bob", host, "APPROVED")
    assert status(api("alice", host), number) == "approved"
    work_on("carol", host)
    assert status(api("alice", host), number) == "filed"
    letter = next(one for one in letters(tenant) if "filed" in one.subject)
    assert letter.to == [f"alice@{slug}.test"]
    assert letter.sender.startswith(tenant.name)
    with use(tenant):
        assert ProcessInstance.objects.get().status == "complete"
        people = AuditEvent.objects.filter(action="workitem.completed")
        labels = list(people.order_by("seq").values_list("actor_label", flat=True))
    wanted = [f"{name} {tenant.name}" for name in ("Alice", "Bob", "Carol")]
    assert labels[:3] == wanted


def test_refused_corrected_and_approved(acme, api, ask, work_on, letters):
    host = "acme.localhost"
    number = ask("alice", host)
    work_on("bob", host, "REJECTED")
    assert any("refused" in letter.subject for letter in letters(acme))
    client = api("alice", host)
    path = f"{REQUESTS}/{number}"
    client.patch(path, {"reason": "Please."}, content_type="application/json")
    assert client.post(f"{path}/send").json()["status"] == "waiting"
    work_on("bob", host, "APPROVED")
    assert status(client, number) == "approved"


def test_what_happens_at_acme_leaves_globex_as_it_was(globex, ask, work_on, letters):
    ask("alice", "acme.localhost")
    work_on("bob", "acme.localhost", "APPROVED")
    with use(globex):
        assert not ProcessInstance.objects.exists()
        assert not AuditEvent.objects.filter(instance_id__isnull=False).exists()
    subjects = [letter.subject for letter in letters(globex)]
    assert not any("leave" in subject.lower() for subject in subjects)
