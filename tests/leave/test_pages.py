"""The pages of the leave app."""

import pytest

from leave.models import LeaveRequest
from leave.standing import items_of
from tenants.context import use


@pytest.fixture
def typed(first_day) -> dict[str, str]:
    return {
        "kind": "holiday",
        "start_date": first_day.isoformat(),
        "end_date": first_day.isoformat(),
        "reason": "A <b>wedding</b>.",
    }


@pytest.fixture
def alices(browser_of):
    return browser_of("alice")


@pytest.fixture
def number(alices, typed) -> int:
    answer = alices.post("/leave/new/", typed)
    assert answer.status_code == 302, answer.content
    return int(answer["Location"].strip("/").split("/")[-1])


@pytest.fixture
def refused(number, acme, person) -> int:
    bob = person("bob")
    with use(acme):
        item = items_of(LeaveRequest.objects.get(pk=number)).open().get()
        item.activate(bob)
        item.complete(bob, condition="REJECTED")
    return number


def test_an_empty_list_says_what_to_do(alices):
    page = alices.get("/leave/")
    assert page.status_code == 200
    assert "You have not asked for leave yet" in page.text
    assert "/leave/new/" in page.text


def test_after_asking_the_page_says_what_happens_next(alices, number):
    page = alices.get(f"/leave/{number}/")
    assert page.status_code == 200
    assert "Here is what happens next" in page.text
    assert "Bob Acme decides" in page.text
    assert "steps__step--current" in page.text
    assert "steps__step--running" not in page.text
    assert "It waits for Bob Acme now." in page.text


def test_what_was_typed_is_escaped(alices, number):
    page = alices.get(f"/leave/{number}/")
    assert "A &lt;b&gt;wedding&lt;/b&gt;." in page.text
    assert "<b>wedding</b>" not in page.text


def test_the_list_shows_where_each_request_stands(alices, number):
    page = alices.get("/leave/")
    assert f"/leave/{number}/" in page.text
    assert "Waiting for approval" in page.text


def test_others_do_not_list_it(browser_of, number):
    assert f"/leave/{number}/" not in browser_of("bob").get("/leave/").text


def test_the_form_says_with_names_what_would_happen(browser_of, alices):
    page = alices.get("/leave/new/").text
    assert "Bob Acme or Mallory Acme decides" in page
    assert "files it" in page
    # Nobody decides on their own leave.
    assert "<span>Mallory Acme decides" in browser_of("bob").get("/leave/new/").text


def test_cancel_leads_back_to_the_list(alices):
    page = alices.get("/leave/new/").text
    assert '<a class="button button--quiet" href="/leave/"><span>Cancel' in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end_date": "2001-01-01"}, "The last day lies before the first day"),
        ({"start_date": "2001-01-01"}, "at most 31 days in the past"),
        ({"start_date": ""}, "Choose a day."),
        ({"start_date": "tomorrow"}, "Write a day like"),
        ({"kind": "sabbatical"}, "Choose one of the kinds."),
        ({"reason": "x" * 1001}, "room for 1,000 characters"),
    ],
)
def test_a_wrong_form_says_why_and_keeps_what_was_typed(
    alices, typed, acme, change, words
):
    page = alices.post("/leave/new/", typed | {"reason": "Keep this."} | change)
    assert page.status_code == 422
    assert words in page.text
    assert "reason" in change or "Keep this." in page.text
    with use(acme):
        assert not LeaveRequest.objects.exists()


def test_a_nul_in_the_form_is_refused(alices, typed):
    assert alices.post("/leave/new/", typed | {"reason": "\x00"}).status_code == 422


def test_a_page_needs_a_person(visitor):
    for path in ("/leave/", "/leave/new/", "/leave/1/", "/leave/1/correct/"):
        answer = visitor().get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/sign-in?next=")
    assert visitor().post("/leave/1/withdraw/").status_code == 302


def test_a_colleagues_request_looks_missing(browser_of, number):
    carol = browser_of("carol")
    for path in (f"/leave/{number}/", f"/leave/{number}/correct/"):
        assert carol.get(path).status_code == 404
    assert carol.post(f"/leave/{number}/withdraw/").status_code == 404


def test_another_tenants_request_looks_missing(browser_of, number):
    stranger = browser_of("alice", "globex.localhost")
    assert stranger.get(f"/leave/{number}/").status_code == 404


def test_the_manager_finds_the_way_to_decide(browser_of, number, acme):
    page = browser_of("bob").get(f"/leave/{number}/")
    with use(acme):
        item = items_of(LeaveRequest.objects.get(pk=number)).open().get()
    assert f"/workflow/workitems/{item.pk}/" in page.text


def test_a_refused_request_is_corrected_and_sent_again(alices, typed, refused):
    page = alices.get(f"/leave/{refused}/")
    assert "The request was refused" in page.text
    form = alices.get(f"/leave/{refused}/correct/")
    assert "A &lt;b&gt;wedding&lt;/b&gt;." in form.text
    answer = alices.post(f"/leave/{refused}/correct/", typed | {"kind": "unpaid"})
    assert answer.status_code == 302
    page = alices.get(f"/leave/{refused}/")
    assert "Unpaid leave" in page.text
    assert "Waiting for approval" in page.text


def test_a_wrong_correction_is_refused(alices, typed, refused):
    change = {"end_date": "2001-01-01"}
    page = alices.post(f"/leave/{refused}/correct/", typed | change)
    assert page.status_code == 422
    assert "The last day lies before the first day" in page.text


def test_a_refused_request_is_withdrawn(alices, refused):
    assert alices.post(f"/leave/{refused}/withdraw/").status_code == 302
    assert "Withdrawn" in alices.get(f"/leave/{refused}/").text
    assert alices.post(f"/leave/{refused}/withdraw/").status_code == 409


def test_a_waiting_request_has_no_correction(alices, number):
    assert alices.get(f"/leave/{number}/correct/").status_code == 409


def test_looking_changes_nothing(alices, refused, acme):
    def rows():
        with use(acme):
            return list(LeaveRequest.objects.values())

    before = rows()
    for path in ("", f"{refused}/", f"{refused}/correct/", "new/"):
        assert alices.get(f"/leave/{path}").status_code == 200
    assert alices.get(f"/leave/{refused}/withdraw/").status_code == 405
    assert rows() == before


def test_the_list_has_pages(alices, acme, person, days):
    alice = person("alice")
    with use(acme):
        LeaveRequest.objects.bulk_create(
            LeaveRequest(
                requester=alice,
                kind="holiday",
                start_date=days["start"],
                end_date=days["end"],
            )
            for _ in range(26)
        )
    assert alices.get("/leave/").text.count("data-row") == 25
    assert alices.get("/leave/?page=2").text.count("data-row") == 1


def test_the_admin_shows_requests_and_changes_none(browser_of, number):
    admin = browser_of("admin")
    page = admin.get("/admin/leave/leaverequest/")
    assert page.status_code == 200
    assert "Alice Acme" in page.text
    assert admin.get("/admin/leave/leaverequest/add/").status_code == 403
    path = f"/admin/leave/leaverequest/{number}"
    assert admin.get(f"{path}/change/").status_code == 200
    assert admin.post(f"{path}/change/", {"kind": "sick"}).status_code == 403
    assert admin.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
