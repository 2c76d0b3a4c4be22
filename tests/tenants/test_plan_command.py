"""`manage.py tenant plan`, and what the other verbs say of plans."""

import json

import pytest

from tenants.context import use_control
from tenants.models import OperatorEvent, Plan, Quota, Tenant, TenantQuota
from tests.tenants.test_command import fails, run


@pytest.fixture(autouse=True)
def _seed(settings) -> None:
    settings.TENANT_PROVISIONING_STEPS = []


@pytest.fixture
def pro(db) -> Plan:
    with use_control():
        plan = Plan.objects.create(code="pro", name="Pro", requests_per_minute=600)
        Quota.objects.create(plan=plan, resource="seats", limit=50)
    return plan


def plan_of(slug: str) -> str | None:
    with use_control():
        plan = Tenant.objects.get(slug=slug).plan
        return plan.code if plan else None


def changes() -> list[tuple[str, dict[str, str]]]:
    with use_control():
        events = OperatorEvent.objects.filter(action="tenant.plan_changed")
        return [(event.actor, event.args) for event in events.order_by("at")]


def test_where_there_is_no_plan_yet_the_list_is_empty(db) -> None:
    assert run("plan", "list") == ""
    assert json.loads(run("plan", "list", "--json")) == []


def test_plans_are_listed_with_quotas_and_tenants(pro, acme) -> None:
    run("plan", "set", "acme", "pro", "--yes")
    head, line = run("plan", "list").splitlines()
    assert head.split() == [
        "CODE",
        "NAME",
        "REQUESTS",
        "PER",
        "MINUTE",
        "QUOTAS",
        "TENANTS",
    ]
    assert line.split() == ["pro", "Pro", "600", "seats=50", "1"]
    assert json.loads(run("plan", "list", "--json")) == [
        {
            "code": "pro",
            "name": "Pro",
            "statement_timeout_ms": None,
            "lock_timeout_ms": None,
            "requests_per_minute": 600,
            "quotas": {"seats": {"limit": 50, "hard": True}},
            "features": {},
            "tenants": 1,
        }
    ]


def test_mod_4_a_tenant_is_put_on_a_plan_and_the_book_says_who_did_it(
    pro, acme
) -> None:
    said = run("plan", "set", "acme", "pro", "--actor", "carol")
    assert said == "acme: plan - -> pro\n"
    assert plan_of("acme") == "pro"
    run("plan", "set", "acme", "pro", "--actor", "carol")  # changes nothing, says none
    assert run("plan", "set", "acme", "-") == "acme: plan pro -> -\n"
    assert plan_of("acme") is None
    told = changes()
    assert [args for _actor, args in told] == [
        {"before": "", "after": "pro"},
        {"before": "pro", "after": ""},
    ]
    assert told[0][0] == "carol"


def test_a_dry_run_changes_nothing(pro, acme) -> None:
    facts = json.loads(run("plan", "set", "acme", "pro", "--dry-run", "--json"))
    assert (facts["plan"], facts["changed"]) == ("pro", False)
    assert plan_of("acme") is None
    assert facts["dry_run"]
    said = run("plan", "set", "acme", "pro", "--dry-run")
    assert said == "acme: plan - -> pro (not done: --dry-run)\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan", "set", "acme", "nowhere"), 3),
        (("plan", "set", "nobody", "pro"), 3),
        (("plan", "set", "acme", "\0"), 3),
        (("list", "--plan", "nowhere"), 3),
        (("create", "newcomer", "--owner-email", "o@n.test", "--plan", "nope"), 3),
    ],
    ids=["plan", "tenant", "nul", "list", "create"],
)
def test_cmd_3_what_is_not_there_is_said_in_a_line(pro, acme, words, code) -> None:
    returncode, line = fails(*words)
    assert returncode == code
    assert "\n" not in line.strip()
    with use_control():
        assert not Tenant.objects.filter(slug="newcomer").exists()


def test_create_list_and_show_know_the_plan(pro, acme) -> None:
    run("create", "newcomer", "--owner-email", "o@newcomer.test", "--plan", "pro")
    assert plan_of("newcomer") == "pro"
    rows = json.loads(run("list", "--plan", "pro", "--json"))
    assert [(row["slug"], row["plan"]) for row in rows] == [("newcomer", "pro")]
    with use_control():
        tenant = Tenant.objects.get(slug="newcomer")
        TenantQuota.objects.create(tenant=tenant, resource="api_tokens", limit=3)
    facts = json.loads(run("show", "newcomer", "--json"))
    assert facts["plan"] == "pro"
    assert facts["requests_per_minute"] == 600
    assert facts["quotas"]["seats"] == {"used": 0, "limit": 50, "hard": True}
    assert facts["quotas"]["api_tokens"]["limit"] == 3
    assert facts["quotas"]["storage_bytes"]["limit"] is None
    assert "seats 0/50" in run("show", "newcomer")


def test_a_new_tenant_gets_the_plan_of_the_settings(pro, settings) -> None:
    settings.TENANT_DEFAULT_PLAN = "pro"
    run("create", "newcomer", "--owner-email", "o@newcomer.test")
    assert plan_of("newcomer") == "pro"


def test_nobody_is_turned_away_for_a_wrong_setting(db, settings, caplog) -> None:
    settings.TENANT_DEFAULT_PLAN = "misspelt"
    run("create", "newcomer", "--owner-email", "o@newcomer.test")
    assert plan_of("newcomer") is None
    assert "plan.default_missing" in caplog.text


def test_a_stopped_tenant_is_shown_without_its_use(acme) -> None:
    run("suspend", "acme", "--reason", "x", "--yes")
    assert json.loads(run("show", "acme", "--json"))["quotas"] is None
