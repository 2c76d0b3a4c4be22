"""Plans in the operators' console: each change with its event (MOD-4)."""

import io
import json

import pytest
from django.core.management import call_command
from django.db import connection

from tenants.context import as_owner, use, use_control
from tenants.models import (
    Feature,
    OperatorEvent,
    Plan,
    Quota,
    Tenant,
    TenantFeature,
    TenantQuota,
)
from tests.tenants.test_admin import console

__all__ = ["console"]

INLINES = {
    "quotas-TOTAL_FORMS": "1",
    "quotas-INITIAL_FORMS": "0",
    "quotas-0-resource": "seats",
    "quotas-0-limit": "5",
    "quotas-0-hard": "on",
    "features-TOTAL_FORMS": "1",
    "features-INITIAL_FORMS": "0",
    "features-0-code": "reports",
    "features-0-value": "true",
}
PLAN = {"code": "pro", "name": "Pro", "position": "1", "trial_days": "0"}


def events(word: str) -> list[OperatorEvent]:
    with use_control():
        return list(OperatorEvent.objects.filter(action=word).order_by("at"))


@pytest.fixture
def pro(db) -> Plan:
    with use_control():
        return Plan.objects.create(code="pro", name="Pro")


def test_a_plan_is_found_in_the_sidebar_and_its_numbers_say_of_what(console) -> None:
    assert "/admin/tenants/plan/" in console.get("/admin/").content.decode()
    page = console.get("/admin/tenants/plan/add/").content.decode()
    assert "Milliseconds; empty for the setting" in page
    assert "max_concurrency" not in page


def test_a_features_value_is_typed_into_a_line(console, acme) -> None:
    for path in ("plan", "tenantfeature"):
        page = console.get(f"/admin/tenants/{path}/add/").content.decode()
        assert "-value" in page or 'name="value"' in page
        assert "<textarea" not in page


def test_mod_4_a_plan_is_made_changed_and_deleted_with_events(console) -> None:
    answer = console.post("/admin/tenants/plan/add/", {**PLAN, **INLINES})
    assert answer.status_code == 302, answer.text
    with use_control():
        plan = Plan.objects.get()
        quota, feature = Quota.objects.get(), Feature.objects.get()
    [added] = events("plan.added")
    assert added.actor == "operator:operator"
    assert added.args["quotas"] == [["seats", 5, True]]
    assert added.args["features"] == [["reports", True]]
    changed = {
        **PLAN,
        **INLINES,
        "requests_per_minute": "60",
        "quotas-INITIAL_FORMS": "1",
        "quotas-0-id": quota.pk,
        "quotas-0-plan": plan.pk,
        "quotas-0-limit": "9",
        "features-INITIAL_FORMS": "1",
        "features-0-id": feature.pk,
        "features-0-plan": plan.pk,
    }
    path = f"/admin/tenants/plan/{plan.pk}"
    assert console.post(f"{path}/change/", changed).status_code == 302
    [event] = events("plan.changed")
    assert event.args["requests_per_minute"] == 60
    assert event.args["quotas"] == [["seats", 9, True]]
    assert console.post(f"{path}/delete/", {"post": "yes"}).status_code == 302
    assert [event.args["plan"] for event in events("plan.deleted")] == ["pro"]


def test_a_plan_with_tenants_is_not_deleted_and_no_event_says_so(
    console, pro, acme
) -> None:
    with use_control():
        Tenant.objects.filter(slug="acme").update(plan=pro)
    console.post(f"/admin/tenants/plan/{pro.pk}/delete/", {"post": "yes"})
    with use_control():
        assert Plan.objects.filter(pk=pro.pk).exists()
    assert events("plan.deleted") == []


def test_plans_are_not_deleted_in_bulk(console, pro) -> None:
    chosen = {"action": "delete_selected", "_selected_action": pro.pk, "post": "yes"}
    console.post("/admin/tenants/plan/", chosen)
    with use_control():
        assert Plan.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"quotas-0-limit": "-1"},
        {"quotas-0-limit": "9" * 30},
        {"quotas-0-resource": "nothing"},
        {"code": "no spaces"},
        {"requests_per_minute": "9" * 12},
        {"features-0-value": "{"},
    ],
    ids=["below", "large", "resource", "code", "rate", "json"],
)
def test_what_is_typed_wrongly_is_shown_and_changes_nothing(console, wrong) -> None:
    answer = console.post("/admin/tenants/plan/add/", {**PLAN, **INLINES, **wrong})
    assert answer.status_code == 200
    with use_control():
        assert not Plan.objects.exists()
    assert events("plan.added") == []


def test_what_is_agreed_for_one_tenant_is_in_its_book(console, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
    quota = {"tenant": tenant.pk, "resource": "seats", "limit": "7", "hard": "on"}
    feature = {"tenant": tenant.pk, "code": "beta", "value": "true"}
    for path, values in (("tenantquota", quota), ("tenantfeature", feature)):
        answer = console.post(f"/admin/tenants/{path}/add/", values)
        assert answer.status_code == 302, answer.text
    [event] = events("tenant.quota_set")
    assert (event.tenant, event.args["limit"]) == (tenant.uuid, 7)
    [event] = events("tenant.feature_set")
    assert (event.tenant, event.args["code"]) == (tenant.uuid, "beta")
    with use_control():
        number = TenantQuota.objects.get().pk
        assert TenantFeature.objects.get().value is True
    path = f"/admin/tenants/tenantquota/{number}/delete/"
    assert console.post(path, {"post": "yes"}).status_code == 302
    assert len(events("tenant.quota_removed")) == 1


def test_tenants_are_put_on_a_plan_from_the_list(console, pro, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
    for action, code in ((f"put_on_{pro.pk}", "pro"), ("put_on_none", None)):
        chosen = {"action": action, "_selected_action": tenant.pk}
        assert console.post("/admin/tenants/tenant/", chosen).status_code == 302
        with use_control():
            tenant.refresh_from_db()
            assert (tenant.plan.code if tenant.plan else None) == code
    assert len(events("tenant.plan_changed")) == 2
    assert console.get("/admin/tenants/tenant/").status_code == 200


def test_the_page_of_a_tenant_shows_what_it_uses(console, acme) -> None:
    with use_control():
        tenant = Tenant.objects.get(slug="acme")
        TenantQuota.objects.create(tenant=tenant, resource="seats", limit=4711)
    answer = console.get(f"/admin/tenants/tenant/{tenant.pk}/change/")
    assert "/ 4711" in answer.text


def test_the_pages_of_plans_can_be_looked_at(console, pro, acme) -> None:
    for path in (
        "plan/",
        f"plan/{pro.pk}/change/",
        "plan/add/",
        "tenantquota/",
        "tenantquota/add/",
        "tenantfeature/",
        "tenant/?plan__id__exact=1",
    ):
        assert console.get(f"/admin/tenants/{path}").status_code == 200, path


def test_a_plan_with_a_percent_sign_breaks_no_list(console, acme) -> None:
    with use_control():
        Plan.objects.create(code="half", name="50% off")
    answer = console.get("/admin/tenants/tenant/")
    assert answer.status_code == 200
    assert "Put on the plan 50% off" in answer.text


def test_the_page_of_a_tenant_whose_tables_are_broken_is_shown(console, acme) -> None:
    with use(as_owner(acme)), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_apitoken RENAME TO accounts_lost")
    with use_control():
        key = Tenant.objects.get(slug="acme").pk
    assert console.get(f"/admin/tenants/tenant/{key}/change/").status_code == 200
    out = io.StringIO()
    call_command("tenant", "show", "acme", "--json", stdout=out)
    assert json.loads(out.getvalue())["quotas"] is None
