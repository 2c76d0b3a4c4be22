"""A tenant whose payment is overdue is read and not changed, by every way."""

import io
import json
from datetime import timedelta
from functools import partial

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import Error, connection
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import MailMessage, RefreshSession, SecurityEvent, User
from kernel import clock
from tenants import fleet, provisioning, roles
from tenants.carrying import dead_letters
from tenants.carrying.publishing import address_of
from tenants.context import TenantInfo, use, use_control
from tenants.db.router import labels
from tenants.fleet import Order, drift, migrate, rights
from tenants.fleet.survey import survey
from tenants.fleet.targets import Target
from tenants.life import trials
from tenants.models import DeadLetter, OperatorEvent, Plan, Tenant, WakeUp
from tenants.plans import choosing
from tenants.states import State, change_state
from tests import twins
from tests.databases import run_there
from tests.tenants.tasks import remember

JSON = {"content_type": "application/json"}


def move(to: State, slug: str = "acme") -> TenantInfo:
    with use_control():
        row = Tenant.objects.get(slug=slug)
        return change_state(row, to, reason="Why.", by="operator").info()


def held_by(tenant: TenantInfo) -> dict[str, set[str]]:
    with use_control():
        found = rights.found([tenant.schema_name])[tenant.schema_name]
    return {right.relation: set(right.words.split(", ")) for right in found}


# The declared lists


def test_the_access_tables_are_tables_of_tenants() -> None:
    for label, words in settings.TENANT_ACCESS_TABLES.items():
        assert apps.get_model(label)._meta.app_label in labels("tenant"), label
        assert set(words.split(", ")) <= {"INSERT", "UPDATE", "DELETE"}, label
    assert set(roles.access()) >= {"django_session", "accounts_refreshsession"}


def test_no_access_table_is_the_customers_own_work() -> None:
    apps_of = {label.partition(".")[0] for label in settings.TENANT_ACCESS_TABLES}
    assert apps_of == {"accounts", "sessions"}


def test_a_book_that_is_only_appended_is_so_here_too(acme) -> None:
    held = held_by(move(State.PAST_DUE))
    assert held["accounts_securityevent"] == {"INSERT", "SELECT"}
    assert held["workflow_auditevent"] == {"SELECT"}


# People


def test_people_sign_in_and_out_and_are_told_by_mail(acme, visitor) -> None:
    move(State.PAST_DUE)
    browser = visitor()
    words = {"username": "bob", "password": twins.PASSWORD}
    assert browser.post("/accounts/sign-in", words).status_code == 302
    page = browser.get("/leave/")
    assert page.status_code == 200
    assert "This workspace can only be read" in page.text
    assert browser.post("/accounts/sign-out").status_code == 302
    with use(acme):
        assert RefreshSession.objects.exclude(revoked_at=None).exists()
        assert SecurityEvent.objects.filter(name="sign_in").exists()
        MailMessage.objects.count()
    wrong = {"username": "bob", "password": "wrong"}
    assert browser.post("/accounts/sign-in", wrong).status_code == 422


def test_a_programs_tokens_are_renewed_and_read(acme, visitor) -> None:
    move(State.PAST_DUE)
    words = {"username": "alice", "password": twins.PASSWORD}
    signed_in = visitor().post("/api/auth/mobile/sign-in", words, **JSON).json()
    body = {"refresh": signed_in["refresh"]}
    renewed = visitor().post("/api/auth/mobile/token-refresh", body, **JSON)
    assert renewed.status_code == 200
    client = visitor(authorization=f"Bearer {renewed.json()['access']}")
    assert client.get("/api/protected/me").status_code == 200
    refused = client.patch("/api/accounts/user", {"first_name": "Al"}, **JSON)
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_required")


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/sign-in-rules",
        "/accounts/sign-inx",
        "/accounts",
        "/billings",
        "/x/accounts/sign-in",
        "/leave/new/",
        "/api/authx",
        "/api/protected/leave/requests",
    ],
)
def test_no_other_path_may_be_sent_to(acme, visitor, path: str) -> None:
    move(State.PAST_DUE)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(visitor(), method)(path).status_code == 402, method


@pytest.mark.parametrize("path", ["/billing/pay", "/export/", "/api/billing/x"])
def test_a_debtor_may_pay_and_take_the_data_along(acme, visitor, path: str) -> None:
    """Nobody has built these pages here; the state does not stand in their way."""
    move(State.PAST_DUE)
    assert visitor().post(path).status_code == 404


def pages(patterns: list[object], before: str = "/") -> list[str]:
    """Return the paths of a site that ask for nothing."""
    found = []
    for one in patterns:
        path = before + str(getattr(one, "pattern", ""))
        if isinstance(one, URLResolver):
            found += pages(one.url_patterns, path)
        elif isinstance(one, URLPattern) and "<" not in path and "^" not in path:
            found.append(path)
    return found


def test_every_page_of_an_administrator_can_still_be_read(acme, browser_of) -> None:
    """No page that is only looked at writes what the database refuses."""
    browser = browser_of("admin")
    paths = [
        p for p in pages(get_resolver("config.urls").url_patterns) if "api" not in p
    ]
    assert len(paths) > 40
    usual = {path: browser.get(path).status_code for path in paths}
    browser = browser_of("admin")
    move(State.PAST_DUE)
    now = {path: browser.get(path).status_code for path in paths}
    assert {p: (usual[p], now[p]) for p in paths if usual[p] != now[p]} == {}


@pytest.mark.django_db(transaction=True)
def test_a_page_that_writes_all_the_same_is_told_to_pay(
    acme, browser_of, monkeypatch
) -> None:
    browser = browser_of("admin")
    move(State.PAST_DUE)
    write = partial(Group.objects.create, name="New")
    monkeypatch.setattr("config.pages.branding.stylesheet", write)
    answer = browser.get("/branding.css")
    assert answer.status_code == 402
    assert "A payment is open" in answer.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/branding.css", "/api/accounts/branding"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "old"])
def test_a_request_that_a_suspension_overtakes_is_told_so(
    acme, api, monkeypatch, path: str, is_new
) -> None:
    client = api("admin")

    def overtaken(*args: object, **values: object) -> object:
        move_by_another(acme)
        if is_new:
            connection.close()
        return Group.objects.count()

    monkeypatch.setattr("config.pages.branding.stylesheet", overtaken)
    monkeypatch.setattr("accounts.api.branding.shown", overtaken)
    answer = client.get(path)
    assert answer.status_code == 423


def move_by_another(tenant: TenantInfo) -> None:
    """Suspend the tenant as another process does, while a request runs here."""
    run_there(
        f"UPDATE tenants_tenant SET state = 'suspended' WHERE uuid = '{tenant.uuid}';"
        f"REVOKE USAGE ON SCHEMA {tenant.schema_name} FROM {tenant.db_role}"
    )


# The database


def test_sta_1_rights_come_and_go_with_the_state(acme) -> None:
    before = held_by(acme)
    tenant = move(State.PAST_DUE)
    held = held_by(tenant)
    assert held[""] == {"USAGE"}
    assert held["leave_leaverequest"] == held["workflow_workitem"] == {"SELECT"}
    assert held["accounts_user"] == {"SELECT", "UPDATE"}
    assert held["django_session"] == {"DELETE", "INSERT", "SELECT", "UPDATE"}
    for way in (State.SUSPENDED, State.ACTIVE):
        move(way)
    assert held_by(acme) == before


def test_sta_1_a_move_that_fails_leaves_the_rights_as_they_were(acme) -> None:
    before = held_by(acme)
    with use_control():
        row = Tenant.objects.get(slug="acme")
    with pytest.raises((Error, ValueError)):
        change_state(row, State.PAST_DUE, reason="Why.", by="\x00")
    assert held_by(acme) == before


@pytest.mark.django_db(transaction=True)
def test_flt_7_a_debtor_is_no_drift_and_is_passed_by_in_a_migration(acme) -> None:
    tenant = move(State.PAST_DUE)
    template = fleet.find_template()
    assert template is not None
    (looked,) = drift.look([tenant], template)
    assert looked.differences == ()
    found = survey(Order(only=frozenset({tenant.uuid})), Target(template))
    assert [(one.tenant.uuid, one.has_rights) for one in found.current] == [
        (tenant.uuid, True)
    ]
    run_there(
        f"GRANT INSERT ON {tenant.schema_name}.leave_leaverequest TO {tenant.db_role}"
    )
    (looked,) = drift.look([tenant], template)
    assert {one.name for one in looked.differences} == {"leave_leaverequest"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known_as", ["past_due", "active"])
def test_flt_7_a_migration_gives_a_debtor_nothing_back(acme, known_as: str) -> None:
    """Whichever state the one who migrates knows of; a new table is read only too."""
    tenant = move(State.PAST_DUE)
    before = held_by(tenant)
    migrate.migrate_tenant(tenant if known_as == "past_due" else acme)
    assert held_by(tenant) == before
    run_there(f"CREATE TABLE {tenant.schema_name}.new_one (id int)")
    assert held_by(tenant)["new_one"] == {"SELECT"}
    move(State.ACTIVE)
    assert held_by(tenant)["new_one"] == {"DELETE", "INSERT", "SELECT", "UPDATE"}


# What waits


def test_sta_7_what_was_kept_is_sent_again_once_it_is_paid(
    acme, frozen_clock, monkeypatch
) -> None:
    tenant = move(State.PAST_DUE)
    message = remember.s("word").set(task_id="an id", headers=address_of(tenant))
    reason = DeadLetter.Reason.STOPPED
    dead_letters.keep(message, tenant=tenant.uuid, reason=reason, detail="past due")
    move(State.ACTIVE)
    monkeypatch.setattr("tenants.carrying.broker.send", lambda message: True)
    with use_control():
        wake_up = WakeUp.objects.get(tenant__uuid=tenant.uuid)
        assert (wake_up.enabled, wake_up.next_due) == (True, clock.now())
        assert dead_letters.send_again(tenant.uuid)
        assert not DeadLetter.objects.exists()


# Trials


@pytest.fixture
def trial(db, settings) -> Plan:
    settings.TENANT_PROVISIONING_STEPS = []
    with use_control():
        return Plan.objects.create(code="trying", name="Trying", trial_days=14)


def activated(plan: Plan | None) -> Tenant:
    """Order a tenant of a plan, and take the step that opens it."""
    with use_control():
        run = provisioning.begin(
            slug="newcomer", name="Newcomer", owner_email="operator@newcomer.test"
        )
        Tenant.objects.filter(uuid=run.tenant_uuid).update(plan=plan)
        provisioning.steps.schedule(run)
        provisioning.steps.activate(run)
        provisioning.steps.activate(run)
        return Tenant.objects.get(uuid=run.tenant_uuid)


def test_a_plan_with_a_trial_opens_with_one(trial, frozen_clock) -> None:
    row = activated(trial)
    assert row.state == "trial"
    assert row.trial_ends_at == clock.now() + timedelta(days=14)


def test_without_a_trial_a_tenant_opens_active(trial) -> None:
    row = activated(None)
    assert (row.state, row.trial_ends_at) == ("active", None)


def test_a_sign_up_begins_the_trial_of_the_default_plan(
    trial, settings, frozen_clock
) -> None:
    settings.TENANT_DEFAULT_PLAN = trial.code
    made = provisioning.provision(
        slug="newcomer", name="Newcomer", owner_email="operator@newcomer.test", by="t"
    )
    with use_control():
        row = Tenant.objects.get(uuid=made.uuid)
    assert (row.plan_id, row.state) == (trial.pk, "trial")
    assert row.trial_ends_at == clock.now() + timedelta(days=14)
    out = io.StringIO()
    call_command("tenant", "show", "newcomer", "--json", stdout=out)
    assert json.loads(out.getvalue())["trial_ends_at"] == (
        f"{row.trial_ends_at:%Y-%m-%dT%H:%M:%SZ}"
    )


def test_another_plan_leaves_a_trial_its_end(trial, frozen_clock) -> None:
    row = activated(trial)
    with use_control():
        other = Plan.objects.create(code="other", name="Other", trial_days=90)
        choosing.put_on(row, other, by="tests")
        row.refresh_from_db()
    assert (row.state, row.plan_id) == ("trial", other.pk)
    assert row.trial_ends_at == clock.now() + timedelta(days=14)


def test_who_pays_after_a_trial_is_active_by_resume(trial, frozen_clock) -> None:
    row = activated(trial)
    clock.advance(timedelta(days=14))
    trials.end_due()
    call_command("tenant", "resume", row.slug, "--yes", stdout=io.StringIO())
    assert trials.end_due() == 0
    with use_control():
        row.refresh_from_db()
    assert row.state == "active"


def test_the_end_of_a_trial_is_past_due_with_an_event_and_once(
    trial, acme, frozen_clock
) -> None:
    row = activated(trial)
    assert trials.end_due() == 0
    clock.advance(timedelta(days=14))
    assert trials.end_due() == 1
    assert trials.end_due() == 0
    with use_control():
        row.refresh_from_db()
        event = OperatorEvent.objects.filter(tenant=row.uuid).latest("at")
        assert Tenant.objects.get(slug="acme").state == "active"
    assert (row.state, row.state_reason) == ("past_due", "The trial has ended.")
    assert (event.action, event.actor) == ("tenant.past_due", "system")


def test_one_trial_that_cannot_be_ended_stops_no_other(
    trial, acme, globex, frozen_clock, monkeypatch
) -> None:
    with use_control():
        Tenant.objects.update(state="trial", trial_ends_at=clock.now())
    in_truth = trials.change_state

    def broken(tenant: Tenant, *args: object, **values: object) -> object:
        if tenant.slug == "acme":
            raise RuntimeError
        return in_truth(tenant, *args, **values)

    monkeypatch.setattr(trials, "change_state", broken)
    assert trials.end_due() == 1
    with use_control():
        states = dict(Tenant.objects.values_list("slug", "state"))
    assert states == {"acme": "trial", "globex": "past_due"}


def test_only_a_debtor_is_restricted(acme, globex) -> None:
    move(State.PAST_DUE)
    with use(globex):
        Group.objects.create(name="New")
        assert User.objects.exists()
