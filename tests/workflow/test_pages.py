"""The pages: my work, a work item, my requests, where it stands, others' work."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.formats import date_format

from kernel import clock
from tenants.context import use
from tests.workflow.processes import (
    approval,
    at,
    do,
    install,
    sent_to,
    start,
)
from tests.workflow.test_complete import state_of
from workflow import answers, worklist
from workflow.models import AuditEvent, Process, Timer, Transition, WorkItem

PAGES = "/workflow"


@pytest.fixture(scope="module")
def sent(sharing) -> Iterator[WorkItem]:
    with sent_to(sharing, "Managers") as item:
        yield item


@pytest.fixture
def ready(sent, db) -> WorkItem:
    return deepcopy(sent)


def item_page(item) -> str:
    return f"{PAGES}/workitems/{item.pk}/"


def test_my_work_lists_what_is_offered_with_who_asked(browser_of, ready):
    page = browser_of("bob").get(f"{PAGES}/mywork/").content.decode()
    assert ready.instance.title in page
    assert "<span>Test</span><span>Approve</span>" in page
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
    answer = client.post(item_page(ready), {"outcome": "REJECTED", "comment": "No."})
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
    assert "At Managers" in page


def test_who_may_see_others_work_reads_who_has_it(browser_of, acme, bob, ready):
    with use(acme):
        ready.activate(bob)
    page = browser_of("admin").get(f"{PAGES}/otherswork/").content.decode()
    assert "With Bob Acme" in page


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
    assert "At Managers" in page
    with use(acme):
        ready.activate(bob)
    assert "Waiting for Bob Acme" in client.get(f"{PAGES}/myrequests/").text
    with use(acme):
        do(ready, bob, "APPROVED")
        for status in ("waiting", "approved", "filed"):
            ready.instance.content_object.move(status, f"now {status}")
    page = client.get(f"{PAGES}/myrequests/").text
    assert "Filed" in page
    assert "Running" not in page


def test_a_request_that_waits_for_its_reader_says_so(browser_of, acme, alice):
    with use(acme):
        install(approval())
        start(alice)
    assert "Waits for you" in browser_of("alice").get(f"{PAGES}/myrequests/").text


def test_a_finished_request_whose_object_is_gone_says_how_it_ended(
    browser_of, acme, bob, ready
):
    with use(acme):
        do(ready, bob, "APPROVED")
        ready.instance.content_object.delete()
    page = browser_of("alice").get(f"{PAGES}/myrequests/").text
    assert "Complete" in page


def test_the_sentence_above_my_work_counts_what_is_late(browser_of, acme, ready):
    client = browser_of("bob")
    page = client.get(f"{PAGES}/mywork/").text
    assert "<b>1</b> waits for you" in page
    assert "late</span>" not in page
    with use(acme):
        Timer.objects.filter(workitem=ready).update(
            due_at=clock.now() - timedelta(days=2, hours=1)
        )
    page = client.get(f"{PAGES}/mywork/").text
    assert "<b>1</b> late" in page
    assert "2 days late" in page


def test_what_is_due_before_midnight_of_the_tenant_is_due_today(acme, bob, ready):
    noon = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)
    with use(acme), clock.frozen(noon):
        Timer.objects.filter(workitem=ready).update(due_at=noon + timedelta(hours=11))
        found = worklist.counts(bob)
        assert (found.total, found.late, found.today) == (1, 0, 1)
        Timer.objects.filter(workitem=ready).update(due_at=noon + timedelta(hours=13))
        assert worklist.counts(bob).today == 0


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, hours=3), "Due in 2 days"),
        (timedelta(days=1), "Due in 1 day"),
        (timedelta(hours=5), "Due in 5 hours"),
        (timedelta(minutes=5), "Due within the hour"),
        (timedelta(seconds=-1), "1 minute late"),
        (timedelta(hours=-3), "3 hours late"),
        (timedelta(days=-2, hours=-1), "2 days late"),
    ],
)
def test_the_due_pill_reads_as_people_say_it(left, words):
    with clock.frozen(datetime(2026, 8, 3, 12, 0, tzinfo=UTC)):
        assert worklist.due_words(clock.now() + left)[0] == words


def test_the_due_pill_holds_the_exact_instant(browser_of, acme, ready):
    with use(acme):
        due = ready.due_at
    page = browser_of("bob").get(f"{PAGES}/mywork/").text
    assert f'title="{date_format(due, "j F Y, H:i")}"' in page


def test_my_work_leads_to_a_start_page_only_while_its_process_is_there(
    browser_of, acme, ready
):
    client = browser_of("bob")
    assert 'href="/leave/new/"' in client.get(f"{PAGES}/mywork/").text
    with use(acme):
        Process.objects.filter(code="leave").update(enabled=False)
    assert 'href="/leave/new/"' not in client.get(f"{PAGES}/mywork/").text


def test_a_refusal_wants_a_reason_and_keeps_the_item(browser_of, acme, ready):
    client = browser_of("bob")
    page = client.get(item_page(ready)).text
    assert "(needed to refuse)" in page
    assert '<button class="button button--caution" type="submit"' in page
    assert 'value="APPROVED" formnovalidate>' in page
    assert 'value="REJECTED">' in page
    with use(acme):
        before = state_of(ready)
    answer = client.post(item_page(ready), {"outcome": "REJECTED", "comment": " "})
    assert answer.status_code == 422
    assert "Say why in a few words; Alice Acme reads it." in answer.text
    assert 'aria-invalid="true"' in answer.text
    with use(acme):
        assert state_of(ready) == before


def test_nobody_gives_reasons_to_themselves(acme, alice, ready):
    with use(acme):
        assert not answers.needs_reason(ready, "REJECTED", by=alice)


def test_a_single_way_on_lends_its_words_to_the_button(browser_of, acme, alice):
    with use(acme):
        install(approval())
        item = start(alice)
        name = Transition.objects.get(input=item.activity).name
    page = browser_of("alice").get(item_page(item)).text
    assert f"<span>{name}</span>" in page


def test_the_instance_page_shows_the_way_and_the_history(browser_of, ready):
    page = browser_of("alice").get(f"{PAGES}/instances/{ready.instance_id}/")
    text = page.content.decode()
    assert "Here now" in text
    assert "Alice Acme started this" in text
    # An escalation that never happened is no part of the way.
    assert "Escalate" not in text


def test_the_instance_page_shows_how_it_stood_at_a_time(
    browser_of, acme, bob, ready, frozen_clock
):
    begun_at = clock.now()
    clock.advance(timedelta(hours=2))
    with use(acme):
        ready.activate(bob)
    client = browser_of("bob")
    path = f"{PAGES}/instances/{ready.instance_id}/"
    assert "As it was on" not in client.get(path).text

    def at(instant) -> str:
        return client.get(path, {"at": f"{instant:%Y-%m-%dT%H:%M}"}).text

    then, now = at(begun_at + timedelta(hours=1)), at(clock.now())
    assert (
        f"As it was on {date_format(begun_at + timedelta(hours=1), 'j M Y, H:i')}"
        in then
    )
    assert ">Approve</td>" in then
    assert "Bob Acme" not in then[then.index("As it was on") : then.index("</table>")]
    assert "Bob Acme" in now[now.index("As it was on") : now.index("</table>")]
    assert "It had not begun yet." in at(begun_at - timedelta(days=1))


@pytest.mark.parametrize("at", ["soon", "2026-02-31T10:00", "0001-01-01T00:00", "\x00"])
def test_a_time_that_is_none_is_told_at_the_field(browser_of, ready, at):
    path = f"{PAGES}/instances/{ready.instance_id}/"
    answer = browser_of("bob").get(path, {"at": at})
    assert answer.status_code == 422
    assert 'id="id_at_error"' in answer.text
    assert "Here now" in answer.text


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
