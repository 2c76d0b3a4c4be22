"""The pages: my work, a work item, my requests, where it stands, others' work."""

import pytest

from tenants.context import use
from tests.workflow.processes import approval, at, do, install, sent_for_approval, start
from tests.workflow.test_complete import state_of
from workflow.models import AuditEvent, WorkItem

PAGES = "/workflow"


@pytest.fixture
def ready(acme, alice, bob):
    with use(acme):
        install(approval(roles=("Managers",)))
        return sent_for_approval(alice, bob)


def item_page(item) -> str:
    return f"{PAGES}/workitems/{item.pk}/"


def test_my_work_lists_what_is_offered_with_who_asked(browser_of, ready):
    page = browser_of("bob").get(f"{PAGES}/mywork/").content.decode()
    assert ready.instance.title in page
    assert "Test · Approve" in page
    assert "asked by Alice Acme" in page
    assert "Due in 2 days" in page
    assert item_page(ready) in page


def test_the_filters_are_in_the_address(browser_of, acme, bob, ready):
    client = browser_of("bob")
    title = ready.instance.title
    assert title in client.get(f"{PAGES}/mywork/?show=offered").content.decode()
    assert title not in client.get(f"{PAGES}/mywork/?show=held").content.decode()
    with use(acme):
        ready.activate(bob)
    assert title in client.get(f"{PAGES}/mywork/?show=held").content.decode()
    assert title in client.get(f"{PAGES}/mywork/?show=nonsense").content.decode()


def test_without_work_the_page_says_so(browser_of, acme):
    page = browser_of("carol").get(f"{PAGES}/mywork/").content.decode()
    assert "Nothing waits for you" in page


def test_the_item_page_asks_in_words_and_offers_the_answers(browser_of, ready):
    page = browser_of("bob").get(item_page(ready)).content.decode()
    assert "Alice Acme asks: Approve." in page
    assert 'value="APPROVED"' in page
    assert "<span>Approve</span>" in page
    assert "<span>Refuse</span>" in page
    assert "rest" in page


def test_one_press_takes_and_answers(browser_of, acme, bob, ready):
    client = browser_of("bob")
    answer = client.post(
        item_page(ready), {"outcome": "APPROVED", "comment": "Enjoy <b>it</b>"}
    )
    assert (answer.status_code, answer.url) == (302, f"{PAGES}/mywork/")
    with use(acme):
        item = at(ready.instance, "approve")
        assert (item.status, item.user, item.condition) == ("complete", bob, "APPROVED")
        assert item.instance.status == "complete"
    page = client.get(item_page(ready)).content.decode()
    assert "Bob Acme: Approve" in page
    assert "Enjoy &lt;b&gt;it&lt;/b&gt;" in page


def test_taking_it_first_is_possible(browser_of, acme, bob, ready):
    client = browser_of("bob")
    answer = client.post(item_page(ready), {"action": "take"})
    assert answer.url == item_page(ready)
    with use(acme):
        item = at(ready.instance, "approve")
        assert (item.status, item.user) == ("active", bob)
    answer = client.post(item_page(ready), {"outcome": "REJECTED"})
    assert answer.status_code == 302
    with use(acme):
        assert at(ready.instance, "approve").condition == "REJECTED"


@pytest.mark.parametrize(
    "form",
    [
        {"outcome": "HM"},
        {"outcome": "x" * 300},
        {"outcome": "a\x00"},
        {},
        {"outcome": "APPROVED", "comment": "x" * 1001},
        {"outcome": "APPROVED", "comment": "a\x00b"},
    ],
)
def test_an_answer_that_is_not_accepted_keeps_what_was_typed(
    browser_of, acme, ready, form
):
    with use(acme):
        before = state_of(ready)
    answer = browser_of("bob").post(item_page(ready), {"comment": "kept", **form})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This answer was not accepted" in page
    assert form.get("comment", "kept").replace("\x00", "") in page.replace("\x00", "")
    with use(acme):
        assert state_of(ready) == before


def test_a_conflict_is_told_on_the_page(browser_of, acme, bob, ready):
    client = browser_of("bob")
    with use(acme):
        do(ready, bob, "APPROVED")
    answer = client.post(item_page(ready), {"outcome": "REJECTED"}, follow=True)
    page = answer.content.decode()
    assert "The work item is closed already. Nothing was changed by you." in page
    assert "This work is done." in page
    with use(acme):
        assert at(ready.instance, "approve").condition == "APPROVED"


def test_r65_other_peoples_items_are_missing(browser_of, acme, alice, ready):
    with use(acme):
        draft = start(alice)
    client = browser_of("bob")
    for path in (item_page(draft), f"{PAGES}/instances/{draft.instance_id}/"):
        assert client.get(path).status_code == 404
    assert client.post(item_page(draft), {"action": "take"}).status_code == 404
    with use(acme):
        assert WorkItem.objects.get(pk=draft.pk).status == "inactive"


def test_r79_an_item_of_another_tenant_is_missing(browser_of, ready):
    client = browser_of("mallory", "globex.localhost")
    assert client.get(item_page(ready)).status_code == 404
    assert client.post(item_page(ready), {"action": "take"}).status_code == 404
    path = f"{PAGES}/instances/{ready.instance_id}/"
    assert client.get(path).status_code == 404


def test_a_number_no_row_has_is_missing(browser_of, acme):
    client = browser_of("admin")
    for path in ("workitems", "instances"):
        assert client.get(f"{PAGES}/{path}/{'9' * 40}/").status_code == 404


def test_r68_others_work_is_for_those_who_may_see_it(browser_of, ready):
    assert browser_of("bob").get(f"{PAGES}/otherswork/").status_code == 404
    page = browser_of("admin").get(f"{PAGES}/otherswork/").content.decode()
    assert ready.instance.title in page
    assert "Open to take" in page


def test_work_that_needs_help_comes_first(browser_of, acme, alice, ready):
    from workflow.automatic import fall_out

    with use(acme):
        broken = start(alice, title="The broken one")
        fall_out(broken.pk, kind="auto.failed", problem=ValueError("x"))
    page = browser_of("admin").get(f"{PAGES}/otherswork/").content.decode()
    assert "Needs help" in page
    assert page.index("The broken one") < page.index(ready.instance.title)
    page = browser_of("admin").get(item_page(broken)).content.decode()
    assert "This work needs help" in page


def test_my_requests_say_where_each_one_stands(browser_of, acme, bob, ready):
    client = browser_of("alice")
    page = client.get(f"{PAGES}/myrequests/").content.decode()
    assert ready.instance.title in page
    assert "<span>Approve</span>" in page
    with use(acme):
        do(ready, bob, "APPROVED")
    page = client.get(f"{PAGES}/myrequests/").content.decode()
    assert "Complete" in page


def test_the_instance_page_shows_the_way_and_the_history(browser_of, ready):
    page = browser_of("alice").get(f"{PAGES}/instances/{ready.instance_id}/")
    text = page.content.decode()
    assert "Here now" in text
    assert "Alice Acme started this" in text
    # An escalation that never happened is no part of the way.
    assert "Escalate" not in text


def test_an_instance_page_leads_to_the_work_that_waits_for_the_reader(
    browser_of, ready
):
    page = browser_of("bob").get(f"{PAGES}/instances/{ready.instance_id}/")
    assert item_page(ready) in page.content.decode()


@pytest.mark.parametrize(
    "path", ["mywork/", "otherswork/", "myrequests/", "workitems/1/", "instances/1/"]
)
def test_r69_strangers_are_asked_to_sign_in(visitor, path):
    answer = visitor().get(f"{PAGES}/{path}")
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/sign-in")


def test_get_changes_nothing(browser_of, acme, ready):
    with use(acme):
        before = (state_of(ready), AuditEvent.objects.count())
    client = browser_of("bob")
    for path in ("mywork/", "myrequests/", f"workitems/{ready.pk}/"):
        assert client.get(f"{PAGES}/{path}").status_code == 200
    assert client.get(f"{PAGES}/instances/{ready.instance_id}/").status_code == 200
    with use(acme):
        assert (state_of(ready), AuditEvent.objects.count()) == before


def test_other_methods_are_refused(browser_of, ready):
    client = browser_of("bob")
    assert client.post(f"{PAGES}/mywork/").status_code == 405
    assert client.delete(item_page(ready)).status_code == 405


@pytest.mark.parametrize("page", ["abc", "0", "-1", "99999999999999999999999"])
def test_a_page_number_out_of_range_shows_the_nearest_page(browser_of, acme, page):
    answer = browser_of("bob").get(f"{PAGES}/mywork/", {"page": page})
    assert answer.status_code == 200


def test_the_admin_shows_everything_and_changes_only_the_switch(
    browser_of, acme, ready
):
    client = browser_of("admin")
    rows = {
        "process": ready.instance.process_id,
        "processinstance": ready.instance_id,
        "workitem": ready.pk,
    }
    with use(acme):
        rows["auditevent"] = AuditEvent.objects.latest("pk").pk
    for name, key in rows.items():
        assert client.get(f"/admin/workflow/{name}/").status_code == 200
        path = f"/admin/workflow/{name}/{key}/change/"
        assert client.get(path).status_code == 200
        assert client.get(f"/admin/workflow/{name}/add/").status_code == 403
        assert client.post(f"/admin/workflow/{name}/{key}/delete/").status_code == 403
    with use(acme):
        before = state_of(ready)
    # R50: a published version is not edited, whatever the form says.
    path = f"/admin/workflow/process/{rows['process']}/change/"
    client.post(path, {"title": "changed", "status": "draft"})
    with use(acme):
        process = ready.instance.process
        process.refresh_from_db()
        assert (process.title, process.status) == ("test", "published")
        assert state_of(ready) == before
    assert browser_of("bob").get("/admin/workflow/workitem/").status_code in {302, 403}
