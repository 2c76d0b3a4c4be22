"""The page of the plan, and the same for programs: for owners alone."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import User
from kernel import clock
from tenants import directory
from tenants.context import use, use_control
from tenants.models import Plan, Quota, Tenant

PATH = "/accounts/plan"
API = "/api/accounts/plan"


@pytest.fixture
def small(acme):
    """Acme on a plan of three seats, of which it uses more."""
    with use_control():
        plan = Plan.objects.create(code="small", name="Small & fine")
        Quota.objects.create(plan=plan, resource="seats", limit=3)
        Quota.objects.create(plan=plan, resource="api_tokens", limit=9, hard=False)
        Quota.objects.create(plan=plan, resource="storage_bytes", limit=10_000_000)
        Tenant.objects.filter(slug="acme").update(plan=plan)
    directory.empty()


def test_without_a_plan_the_page_shows_what_is_used(page):
    html = page.get(PATH).text
    assert "None is agreed" in html
    assert html.count("No limit") == 5
    assert "<progress" not in html


def test_limits_are_bars_and_words(page, small):
    html = page.get(PATH).text
    assert "Small &amp; fine" in html
    assert "of 3" in html
    assert "More than the plan gives" in html
    assert "Something is used up" in html
    assert "9.5" in html  # megabytes
    assert html.count("<progress") == 3
    assert "Nothing is refused above this limit." in html


@pytest.mark.parametrize(
    ("hours", "words"),
    [(24 * 13, "ends in 13 days"), (5, "ends in 1 day,"), (-5, "ends in 0 days")],
)
def test_an_owner_sees_when_the_trial_ends(page, api, hours, words):
    assert "<dt>Trial</dt>" not in page.get(PATH).text
    ends_at = clock.now() + timedelta(hours=hours)
    with use_control(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tenants_tenant SET state = 'trial', trial_ends_at = %s"
            " WHERE slug = 'acme'",
            [ends_at],
        )
    directory.empty()
    assert words in page.get(PATH).text
    told = api("carol").get(API).json()["trial_ends_at"]
    assert datetime.fromisoformat(told) - ends_at < timedelta(seconds=1)


@pytest.mark.parametrize("name", ["alice", "admin"])
def test_nobody_but_owners_sees_it(browser_of, owner, small, name):
    client = browser_of(name)
    assert client.get(PATH).status_code == 403
    assert PATH not in client.get("/accounts/profile").text


def test_it_only_shows(page):
    assert page.post(PATH).status_code == 405


def test_programs_read_the_same(api, owner, small):
    answer = api("carol").get(API)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["plan"], body["name"]) == ("small", "Small & fine")
    used = {row["resource"]: row for row in body["usage"]}
    assert used["seats"]["limit"] == 3
    assert used["seats"]["level"] == "over"
    assert used["api_tokens"]["hard"] is False
    assert used["running_instances"]["limit"] is None
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("name", ["alice", "admin"])
def test_programs_of_others_are_refused(api, owner, name):
    assert api(name).get(API).status_code == 403


NEW = {"email": "dave@acme.test", "firstName": "Dave", "lastName": "New"}


def test_what_is_refused_says_which_quota_and_its_limit(api, owner, small, acme):
    client = api("carol")
    answer = client.post(
        "/api/accounts/admin-register", NEW, content_type="application/json"
    )
    assert answer.status_code == 409
    body = answer.json()
    assert body["code"] == "quota_exceeded"
    assert (body["resource"], body["limit"]) == ("seats", 3)
    with use(acme):
        assert not User.objects.filter(email_norm=NEW["email"]).exists()


def test_the_page_for_new_people_says_it_too(page, small):
    typed = {"email": "dave@acme.test", "first_name": "Dave", "last_name": "New"}
    answer = page.post("/accounts/people/new", {**typed, "role": "member"})
    assert answer.status_code in {409, 422}
    assert "gives no more" in answer.text
