"""Work changes hands on its page: kept, given back, handed on, asked for."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tenants.context import use
from tests.workflow.processes import END, A, T, install, process, sent_to, start
from tests.workflow.test_complete import state_of
from workflow import choosing, handing, lifecycle
from workflow.models import AuditEvent, Process, Timer, WorkItem

ITEMS = "/workflow/workitems"
VERBS = ("claim", "release", "reassign", "delegate", "forward")


@pytest.fixture(scope="module")
def shared(sharing) -> Iterator[WorkItem]:
    with sent_to(sharing, "Managers") as item:
        yield item


@pytest.fixture
def ready(shared, acme) -> WorkItem:
    """Return work that waits for one of the managers, of whom bob is one."""
    return deepcopy(shared)


@pytest.fixture
def held(acme, bob, ready) -> WorkItem:
    with use(acme):
        return handing.claim_work_item(ready, by=bob)


@pytest.fixture
def boss(acme, carol) -> User:
    """Return somebody who gives work to others, and is no manager."""
    with use(acme):
        for name in ("can_reassign", "can_view_others_work"):
            carol.user_permissions.add(Permission.objects.get(codename=name))
    return carol


def path(item: WorkItem, verb: str = "") -> str:
    return f"{ITEMS}/{item.pk}/{verb}/" if verb else f"{ITEMS}/{item.pk}/"


def now(item: WorkItem) -> WorkItem:
    return WorkItem.objects.select_related("user").get(pk=item.pk)


def links(page: str, item: WorkItem) -> list[str]:
    """Return the verbs that a page leads to, in its order."""
    found = [(page.find(f'"{path(item, verb)}"'), verb) for verb in VERBS]
    return [verb for where, verb in sorted(found) if where >= 0]


# What is offered


def test_the_item_page_has_a_button_for_what_the_person_may_do(
    browser_of, acme, bob, ready, boss
):
    assert links(browser_of("bob").get(path(ready)).text, ready) == ["claim"]
    assert links(browser_of("carol").get(path(ready)).text, ready) == ["reassign"]
    assert links(browser_of("alice").get(path(ready)).text, ready) == []
    with use(acme):
        handing.claim_work_item(ready, by=bob)
    page = browser_of("bob").get(path(ready)).text
    assert links(page, ready) == ["release", "delegate"]
    page = browser_of("carol").get(path(ready)).text
    assert links(page, ready) == ["release", "reassign"]


@pytest.mark.parametrize("state", ["paused", "off", "cancelled"])
def test_what_cannot_be_done_now_is_not_offered(browser_of, acme, admin, held, state):
    with use(acme):
        if state == "paused":
            lifecycle.suspend_instance(held.instance, by=admin)
        elif state == "off":
            Process.objects.filter(code="test").update(enabled=False)
        else:
            lifecycle.cancel_instance(held.instance, by=admin, reason="No.")
    page = browser_of("bob").get(path(held)).text
    assert links(page, held) == []
    assert "Your answer" not in page
    said = {"paused": "This is paused.", "off": "switched off", "cancelled": "This was"}
    assert said[state] in page


# One press


def test_a_candidate_keeps_work_and_gives_it_back(browser_of, acme, bob, ready):
    client = browser_of("bob")
    answer = client.post(path(ready, "claim"), follow=True)
    assert "It is kept for you." in answer.text
    assert "With you" in answer.text
    with use(acme):
        assert (now(ready).user, now(ready).status) == (bob, "inactive")
    answer = client.post(path(ready, "release"), follow=True)
    assert "It is open to take again." in answer.text
    with use(acme):
        assert now(ready).user is None


def test_two_presses_are_as_good_as_one(browser_of, acme, ready):
    client = browser_of("bob")
    client.post(path(ready, "claim"))
    with use(acme):
        before = state_of(ready)
    assert "It is kept for you." in client.post(path(ready, "claim"), follow=True).text
    with use(acme):
        assert state_of(ready) == before
    client.get(path(ready))
    client.post(path(ready, "release"))
    with use(acme):
        before = state_of(ready)
    answer = client.post(path(ready, "release"), follow=True)
    assert "This was done already." in answer.text
    assert "Nothing was changed" not in answer.text
    with use(acme):
        assert state_of(ready) == before


def test_what_is_refused_is_told_on_the_page_of_the_work(
    browser_of, acme, bob, ready, boss
):
    with use(acme):
        ready.activate(bob)
        before = state_of(ready)
    answer = browser_of("carol").post(path(ready, "claim"), follow=True)
    assert answer.redirect_chain == [(path(ready), 302)]
    assert (
        "Somebody else holds this work item. Nothing was changed by you." in answer.text
    )
    answer = browser_of("alice").post(path(ready, "release"), follow=True)
    assert "Nothing was changed by you." in answer.text
    with use(acme):
        assert state_of(ready) == before


def test_whoever_sees_the_work_no_more_is_led_to_their_list(
    browser_of, acme, alice, bob, held
):
    with use(acme):
        handing.delegate_work_item(held, to=User.objects.get(username="carol"), by=bob)
    answer = browser_of("carol").post(path(held, "release"))
    assert answer.url == "/workflow/mywork/"
    assert browser_of("carol").get(path(held)).status_code == 404


def test_what_waits_to_be_sent_on_is_sent_on_once(browser_of, acme, admin, alice):
    ways = (T("ask", "more", "Go"), T("more", "end", "Close"))
    with use(acme):
        install(
            process(
                A("ask", "Ask", autofinish=False), A("more", "More"), END, ways=ways
            )
        )
        item = start(alice)
        item.activate(alice)
        item.complete(alice)
    client = browser_of("alice")
    assert links(client.get(path(item)).text, item) == ["forward"]
    assert "It was sent on." in client.post(path(item, "forward"), follow=True).text
    assert "done already" in client.post(path(item, "forward"), follow=True).text
    with use(acme):
        assert WorkItem.objects.filter(instance=item.instance).count() == 2
    with use(acme):
        again = start(alice)
        again.activate(alice)
        again.complete(alice)
        lifecycle.cancel_instance(again.instance, by=admin, reason="No.")
    answer = client.post(path(again, "forward"), follow=True)
    assert "This is not possible now." in answer.text


# To somebody


@pytest.mark.usefixtures("boss")
def test_the_work_is_given_to_one_of_those_who_may_do_it(browser_of, acme, bob, ready):
    client = browser_of("carol")
    page = client.get(path(ready, "reassign")).text
    assert f'<option value="{bob.pk}">Bob Acme</option>' in page
    assert "Alice Acme</option>" not in page
    answer = client.post(path(ready, "reassign"), {"person": bob.pk}, follow=True)
    assert f"Bob Acme has this now: {ready.instance.title}" in answer.text
    with use(acme):
        assert now(ready).user == bob
    page = client.get(path(ready, "reassign")).text
    assert "Bob Acme</option>" not in page
    assert "Mallory Acme</option>" in page


def test_a_holder_asks_somebody_and_gets_it_back(browser_of, acme, alice, bob, held):
    client = browser_of("bob")
    page = client.get(path(held, "delegate")).text
    assert f'<option value="{alice.pk}">Alice Acme</option>' in page
    assert "Bob Acme</option>" not in page
    assert "workflow-auto" not in page
    body = {"person": alice.pk, "return_to_me": "on"}
    assert client.post(path(held, "delegate"), body).url == "/workflow/mywork/"
    with use(acme):
        row = now(held)
        assert (row.user, row.delegated_by, row.returns) == (alice, bob, True)
    page = browser_of("alice").get(path(held)).text
    assert "Bob Acme asked for it and gets it back afterwards." in page


def test_who_gets_it_back_reads_the_answer_of_the_other(
    browser_of, acme, alice, bob, held
):
    with use(acme):
        handing.delegate_work_item(held, to=alice, by=bob, return_to_me=True)
    body = {"outcome": "REJECTED", "comment": "Too far."}
    browser_of("alice").post(path(held), body)
    page = browser_of("bob").get(path(held)).text
    assert "Alice Acme handed back to Bob Acme: Approve" in page
    assert "Refuse · Too far." in page
    assert "Your answer" in page


def test_without_the_tick_nothing_comes_back(browser_of, acme, alice, held):
    browser_of("bob").post(path(held, "delegate"), {"person": alice.pk})
    with use(acme):
        assert (now(held).user, now(held).returns) == (alice, False)


@pytest.mark.parametrize("verb", ["reassign", "delegate"])
@pytest.mark.parametrize("given", ["", "0", "x", "999999", "9" * 40, "a\x00"])
@pytest.mark.usefixtures("boss")
def test_a_person_who_is_not_in_the_list_is_asked_for_again(
    browser_of, acme, held, verb, given
):
    with use(acme):
        before = state_of(held)
    client = browser_of("carol" if verb == "reassign" else "bob")
    body = {"person": given, "return_to_me": "on"}
    answer = client.post(path(held, verb), body)
    assert answer.status_code == 422
    assert "Choose one of the people in the list." in answer.text
    assert (" checked" in answer.text) is (verb == "delegate")
    with use(acme):
        assert state_of(held) == before


@pytest.fixture
def many(acme, monkeypatch) -> None:
    """Let there be more people than are listed."""
    monkeypatch.setattr(choosing, "MOST_LISTED", 1)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("name", ["alice", " ALICE ", "alice@acme.test"])
def test_of_many_people_one_is_named(browser_of, acme, alice, held, name):
    client = browser_of("bob")
    page = client.get(path(held, "delegate")).text
    assert "<option" not in page
    assert "User name or e-mail address" in page
    with use(acme):
        name = alice.email if "@" in name else name
    client.post(path(held, "delegate"), {"person": name})
    with use(acme):
        assert now(held).user == alice


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "name", ["owner@globex.test", "nobody", "workflow-auto", "a\x00b", "<b>x</b>"]
)
def test_a_name_that_nobody_has_is_told_and_kept(browser_of, acme, held, name):
    with use(acme):
        before = state_of(held)
    answer = browser_of("bob").post(path(held, "delegate"), {"person": name})
    assert answer.status_code == 422
    told = "Null characters" if "\x00" in name else "Nobody here is called"
    assert told in answer.text
    assert "<b>x</b>" not in answer.text
    with use(acme):
        assert state_of(held) == before


@pytest.mark.usefixtures("many")
@pytest.mark.usefixtures("boss")
def test_a_name_of_somebody_who_may_not_do_it_is_told_at_the_field(
    browser_of, acme, admin, held
):
    with use(acme):
        admin.groups.add(Group.objects.get(name="Managers"))
    answer = browser_of("carol").post(path(held, "reassign"), {"person": "alice"})
    assert answer.status_code == 422
    assert 'value="alice"' in answer.text
    assert "This work is for other people than the one you chose." in answer.text


def test_people_who_cannot_sign_in_are_not_listed(acme, alice, bob, ready):
    with use(acme):
        User.objects.filter(pk=bob.pk).update(is_active=False)
        listed = choosing.delegates(now(ready)).listed
        names = [one.username for one in listed]
        assert names == ["admin", "alice", "carol", "mallory"]


def test_people_of_one_name_are_told_apart(acme, alice, bob):
    with use(acme):
        User.objects.update(first_name="Kim", last_name="")
        people = User.objects.filter(pk__in=[alice.pk, bob.pk]).order_by("pk")
        assert [label for _, label in choosing.labels(people)] == [
            "Kim (alice)",
            "Kim (bob)",
        ]


@pytest.mark.usefixtures("boss")
def test_a_form_about_work_that_has_changed_asks_again_and_keeps_the_choice(
    browser_of, acme, bob, ready
):
    with use(acme):
        mallory = User.objects.get(username="mallory")
        version = now(ready).version
        handing.claim_work_item(ready, by=bob)
        before = state_of(ready)
    body = {"person": mallory.pk, "version": version}
    answer = browser_of("carol").post(path(ready, "reassign"), body)
    assert answer.status_code == 412
    assert "It has changed since you read it" in answer.text
    assert f'<option value="{mallory.pk}" selected>' in answer.text
    assert f'name="version" value="{ready.version}"' in answer.text
    with use(acme):
        assert state_of(ready) == before


def test_giving_twice_tells_nobody_twice(browser_of, acme, bob, ready, boss):
    client = browser_of("carol")
    with use(acme):
        body = {"person": bob.pk, "version": now(ready).version}
    client.post(path(ready, "reassign"), body)
    client.get(path(ready))
    with use(acme):
        now(ready).activate(bob)
        before = state_of(ready)
    answer = client.post(path(ready, "reassign"), body, follow=True)
    assert "not possible now" not in answer.text
    with use(acme):
        assert state_of(ready) == before
        assert Timer.objects.filter(workitem=ready, kind="notice").count() == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_version_that_is_none_changes_nothing(browser_of, acme, alice, held, version):
    with use(acme):
        before = state_of(held)
    body = {"person": alice.pk, "version": version}
    assert browser_of("bob").post(path(held, "delegate"), body).status_code == 412
    with use(acme):
        assert state_of(held) == before


def test_who_may_not_give_work_away_reads_no_names(browser_of, acme, held):
    for verb, name in (("reassign", "bob"), ("delegate", "alice")):
        client = browser_of(name)
        assert client.get(path(held, verb)).url == path(held)
        answer = client.post(path(held, verb), {"person": ""}, follow=True)
        assert "This is not possible now. Nothing was changed by you." in answer.text
        assert "<option" not in answer.text


def test_where_there_is_nobody_else_the_page_says_so(browser_of, acme, held, boss):
    with use(acme):
        User.objects.get(username="mallory").groups.clear()
    page = browser_of("carol").get(path(held, "reassign")).text
    assert "Nobody else may do this work." in page
    assert "<select" not in page


# Isolation


@pytest.mark.parametrize("verb", VERBS)
def test_r79_the_work_of_another_tenant_is_missing(browser_of, acme, alice, held, verb):
    with use(acme):
        before = state_of(held)
    client = browser_of("mallory", "globex.localhost")
    assert client.get(path(held, verb)).status_code == 404
    assert client.post(path(held, verb), {"person": alice.pk}).status_code == 404
    with use(acme):
        assert state_of(held) == before


@pytest.mark.parametrize("verb", VERBS)
def test_r65_work_that_somebody_does_not_see_is_missing(
    browser_of, acme, alice, held, verb
):
    with use(acme):
        before = state_of(held)
    client = browser_of("carol")
    assert client.get(path(held, verb)).status_code == 404
    assert client.post(path(held, verb), {"person": alice.pk}).status_code == 404
    assert client.get(f"{ITEMS}/{'9' * 40}/{verb}/").status_code == 404
    with use(acme):
        assert state_of(held) == before


def test_people_of_another_tenant_are_nobody_here(browser_of, acme, globex, held):
    with use(globex):
        stranger = User.objects.create_user("stranger", "stranger@globex.test")
    with use(acme):
        before = state_of(held)
    client = browser_of("bob")
    assert "Globex" not in client.get(path(held, "delegate")).text
    answer = client.post(path(held, "delegate"), {"person": stranger.pk})
    assert answer.status_code == 422
    with use(acme):
        assert state_of(held) == before


@pytest.mark.parametrize("verb", VERBS)
def test_r69_strangers_sign_in_first(visitor, held, verb):
    for answer in (visitor().get(path(held, verb)), visitor().post(path(held, verb))):
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/sign-in")


@pytest.mark.parametrize("verb", VERBS)
def test_a_get_changes_nothing(browser_of, acme, held, verb):
    with use(acme):
        before = (state_of(held), AuditEvent.objects.count())
    client = browser_of("bob")
    answer = client.get(path(held, verb))
    assert (answer.status_code, answer.get("Location")) in {
        (200, None),
        (302, path(held)),
    }
    assert client.delete(path(held, verb)).status_code == 405
    with use(acme):
        assert (state_of(held), AuditEvent.objects.count()) == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_form_without_its_token_is_refused(browser_of, acme, held, verb):
    with use(acme):
        before = state_of(held)
    client = browser_of("bob")
    client.handler.enforce_csrf_checks = True
    assert client.post(path(held, verb), {"person": "1"}).status_code == 403
    with use(acme):
        assert state_of(held) == before


# What it costs, frame and session included

MOST = {"": 14, "reassign": 10, "delegate": 11}


def cost(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as sent:
        assert client.get(address).status_code == 200
    return len(sent)


def more_people(count: int) -> None:
    managers = Group.objects.get(name="Managers")
    for number in range(count):
        person = User.objects.create_user(f"p{number}", f"p{number}@acme.test")
        person.groups.add(managers)


@pytest.mark.usefixtures("boss")
@pytest.mark.parametrize(
    ("verb", "who"), [("", "bob"), ("reassign", "carol"), ("delegate", "bob")]
)
def test_a_page_asks_the_database_no_more_where_there_are_more_people(
    browser_of, acme, held, verb, who
):
    client = browser_of(who)
    before = cost(client, path(held, verb))
    with use(acme):
        more_people(12)
    assert cost(client, path(held, verb)) <= before
    assert before <= MOST[verb], before
