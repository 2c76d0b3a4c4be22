"""The versions of processes in the tenant's admin."""

import pytest

from tenants.context import use
from tests.workflow.designing import LAYOUT, everything, plain
from tests.workflow.processes import document, install
from workflow.drafts import clone_process
from workflow.models import AuditEvent, Process, ProcessInstance

LIST = "/admin/workflow/process/"
#: What a browser sends of the parts below, which are shown and not edited.
PARTS = {
    f"{part}-{name}": "0"
    for part in ("activities", "transitions")
    for name in ("TOTAL_FORMS", "INITIAL_FORMS")
}


@pytest.fixture
def client(browser_of):
    return browser_of("admin")


@pytest.fixture
def versions(acme, admin) -> tuple[Process, Process]:
    """Return a published version and a draft of the same code."""
    with use(acme):
        made = install(everything())
        assert LAYOUT
        return made, clone_process(made, by=admin)


def page(row: Process, verb: str = "change") -> str:
    return f"{LIST}{row.pk}/{verb}/"


def exists(acme, row: Process) -> bool:
    with use(acme):
        return Process.objects.filter(pk=row.pk).exists()


def test_the_list_shows_every_version(client, versions):
    text = client.get(LIST, {"q": "drawn"}).text
    for status in ("published", "draft"):
        assert status in text
    assert client.get(LIST, {"status__exact": "draft"}).status_code == 200


def test_nothing_but_the_switch_can_be_changed(client, acme, versions):
    for row in versions:
        body = {"title": "Other", "priority": "9", "status": "draft", **PARTS}
        assert client.get(page(row)).status_code == 200
        assert client.post(page(row), body).status_code == 302
        with use(acme):
            now = Process.objects.get(pk=row.pk)
            assert (now.title, now.priority, now.status, now.enabled) == (
                *("drawn", 3, row.status),
                False,
            )
            event = AuditEvent.objects.filter(process_id=row.pk).latest("id")
            assert event.action == "process.disabled"


def test_a_draft_is_thrown_away_and_a_published_version_is_not(client, acme, versions):
    published, draft = versions
    assert client.get(page(published, "delete")).status_code == 403
    assert client.post(page(published, "delete"), {"post": "yes"}).status_code == 403
    assert exists(acme, published)

    asked = client.get(page(draft, "delete"))
    assert asked.status_code == 200
    assert "drawn (2)" in asked.text
    assert exists(acme, draft)
    assert client.post(page(draft, "delete"), {"post": "yes"}).status_code == 302
    assert not exists(acme, draft)
    with use(acme):
        event = AuditEvent.objects.filter(process_id=draft.pk).latest("id")
        assert (event.action, event.actor_label) == ("process.deleted", "Admin Acme")


def test_many_drafts_are_thrown_away_at_once_or_none(client, acme, versions, admin):
    published, draft = versions
    with use(acme):
        other = clone_process(published, by=admin)

    def send(*rows):
        return client.post(
            LIST,
            {
                "action": "delete_selected",
                "_selected_action": [row.pk for row in rows],
                "post": "yes",
            },
        )

    # One of them was published, so none goes.
    assert send(published, draft).status_code == 200
    assert exists(acme, published)
    assert exists(acme, draft)
    assert send(draft, other).status_code == 302
    assert not exists(acme, draft)
    assert not exists(acme, other)


def test_a_draft_with_an_instance_is_told_to_stay(client, acme, alice, admin):
    with use(acme):
        made = install(plain())
        draft = clone_process(made, by=admin)
        item = ProcessInstance.objects.start("drawn", alice, document(alice))
        ProcessInstance.objects.filter(pk=item.instance_id).update(process=draft)
    assert client.post(page(draft, "delete"), {"post": "yes"}).status_code == 200
    assert exists(acme, draft)


def test_nobody_adds_a_process_there(client, versions):
    assert client.get(f"{LIST}add/").status_code == 403


def test_who_is_no_admin_does_not_come_in(browser_of, acme, versions):
    for row in versions:
        for verb in ("change", "delete"):
            answer = browser_of("bob").post(page(row, verb), {"post": "yes"})
            assert answer.status_code in {302, 403}
    assert exists(acme, versions[1])
