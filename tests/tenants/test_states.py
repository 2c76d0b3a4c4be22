"""The states of a tenant: every move, and every plane in every state."""

import ast
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery.app.trace import build_tracer
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import Error, connection, transaction
from django.db.models import F
from django.test import Client

from accounts.models import User
from config.celery import app
from kernel import clock
from kernel.append_only import WrittenOnce
from tenants import scheduler, states
from tenants.carrying.publishing import address_of
from tenants.celery import TenantTask
from tenants.context import TenantInfo, use, use_control
from tenants.db.base import ContextApplyError, TenantUnavailable
from tenants.errors import MoveRefused
from tenants.life import conduct, maintenance
from tenants.models import DeadLetter, OperatorEvent, Tenant, WakeUp
from tenants.models.tenant import StateAssigned
from tenants.scheduling import wake_ups
from tenants.states import MOVES, State, change_state
from tests.tenants.tasks import remember, remember_also_past_due

#: Every path of a tenant's site, known and unknown.
PATHS = [
    "/",
    "/admin/",
    "/admin/login/",
    "/accounts/sign-in",
    "/accounts/no-such-page",
    "/workflow/mywork/",
    "/leave/",
    "/static/tenantry/base.css",
    "/static/admin/css/base.css",
    "/branding.css",
    "/dev/mailbox/",
    "/favicon.ico",
    "/no/such/path",
    "/maintenance/pass/nothing",
    "/deletion/stop/nothing",
]
API_PATHS = [
    "/api/auth/mobile/sign-in",
    "/api/protected/me",
    "/api/openapi.json",
    "/api/docs",
    "/api/no/such/path",
]
LASTING = timedelta(minutes=10)


@dataclass(frozen=True)
class Row:
    """A line of the table in the specification, 1.3."""

    state: State
    status: int = 200
    code: str = ""
    retry_after: str | None = None
    #: What becomes of a task: run, kept, dropped or later.
    task: str = "kept"
    timers: bool = False
    #: What the role may do: write, read or nothing.
    data: str = "nothing"
    overlay: str = ""

    @property
    def reads(self) -> bool:
        return self.status in {200, 402}


TABLE = {
    "provisioning": Row(
        State.PROVISIONING, 503, "tenant_provisioning", "5", data="write"
    ),
    "failed": Row(State.FAILED, 503, "tenant_failed", "3600"),
    "trial": Row(State.TRIAL, task="run", timers=True, data="write"),
    "active": Row(State.ACTIVE, task="run", timers=True, data="write"),
    "past_due": Row(State.PAST_DUE, 402, "payment_required", data="read"),
    "suspended": Row(State.SUSPENDED, 423, "tenant_suspended", "3600"),
    "archived": Row(State.ARCHIVED, 410, "tenant_archived", task="dropped"),
    "deleting": Row(State.DELETING, 410, "tenant_deleting"),
    "purged": Row(State.PURGED, 404, "not_found", task="dropped"),
    **{
        f"{state}_in_maintenance": Row(
            state, 503, "tenant_maintenance", "600", data=data, overlay="maintenance"
        )
        for state, data in (
            ("trial", "write"),
            ("active", "write"),
            ("past_due", "read"),
        )
    },
    **{
        f"{state}_on_hold": Row(
            state, 503, "tenant_updating", "30", task="later", data=data, overlay="hold"
        )
        for state, data in (
            ("trial", "write"),
            ("active", "write"),
            ("past_due", "read"),
        )
    },
}


def tenant(slug: str = "acme") -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


def put_into(state: State, slug: str = "acme", before: str = "") -> None:
    """Bring a tenant into a state that no move leads to from active."""
    with use_control(), transaction.atomic():
        Tenant.objects.filter(slug=slug).update(state=state, state_before=before)
        row = Tenant.objects.get(slug=slug)
        states.set_wake_up(row)
        states.let_in(row, State(state))


def bring(row: Row) -> TenantInfo:
    """Bring acme to a line of the table, and return its values."""
    put_into(State(row.state))
    if row.overlay == "maintenance":
        maintenance.begin(tenant(), lasting=LASTING, by="operator")
    if row.overlay == "hold":
        states.hold(tenant(), on=True, by="operator")
    with use_control():
        return tenant().info()


in_every_row = pytest.mark.parametrize("name", TABLE)


# Requests


def ask(client: Client, method: str, path: str) -> Any:
    answer = getattr(client, method)(path)
    if answer.streaming:
        answer.getvalue()  # a static file is closed at its end
    return answer


def is_stopped(row: Row, answer: Any) -> None:
    """See that an answer is the one of the table, and tells nothing else (STA-4)."""
    assert answer.status_code == row.status
    assert answer.headers.get("Retry-After") == row.retry_after
    assert answer["Cache-Control"] == "no-store"
    assert "Acme" not in answer.text
    if answer.request["PATH_INFO"].startswith("/api/"):
        assert answer["Content-Type"] == "application/problem+json"
        assert (answer.json()["code"], answer.json()["status"]) == (
            row.code,
            row.status,
        )
    else:
        assert answer["Content-Type"].startswith("text/html")
        assert "<h1>" in answer.text


@in_every_row
@pytest.mark.parametrize("plane", ["pages", "api"])
def test_sta_4_requests_of_strangers(acme, visitor, frozen_clock, name, plane) -> None:
    row, client = TABLE[name], visitor()
    paths = {"pages": PATHS, "api": API_PATHS}[plane]
    usual = {p: ask(client, "get", p).status_code for p in paths if row.reads}
    bring(row)
    for path in paths:
        if row.reads:
            assert ask(client, "get", path).status_code == usual[path], path
        else:
            is_stopped(row, ask(client, "get", path))
        if row.status != 200 and not (
            row.reads
            and path.startswith(("/accounts/sign-in", "/admin/login", "/api/auth"))
        ):
            is_stopped(row, ask(client, "post", path))


@pytest.mark.parametrize("path", ["/", "/leave/", "/api/protected/me"])
def test_hst_6_a_purged_tenant_answers_as_a_host_that_never_was(
    acme, visitor, path: str
) -> None:
    bring(TABLE["purged"])
    told = []
    for host in ("acme.localhost", "nobody.localhost"):
        answer = visitor(host).get(path)
        reference = answer["X-Request-ID"]
        del answer["X-Request-ID"]
        told.append((answer.text.replace(reference, ""), dict(answer.headers)))
    assert told[0] == told[1]


@in_every_row
def test_sta_4_access_tokens(acme, api, frozen_clock, name: str) -> None:
    row, client = TABLE[name], api("alice")
    bring(row)
    asked = client.get("/api/protected/me")
    assert asked.status_code == (200 if row.reads else row.status)
    sent = client.post("/api/protected/leave/requests", {}, "application/json")
    assert sent.status_code == (422 if row.status == 200 else row.status)


@in_every_row
def test_sta_4_the_tenants_admin(acme, browser_of, frozen_clock, name: str) -> None:
    row, browser = TABLE[name], browser_of("admin")
    page = "/admin/accounts/user/"
    bring(row)
    assert browser.get(page).status_code == (200 if row.reads else row.status)
    sent = browser.post(page, {"action": "no such"})
    assert sent.status_code == (200 if row.status == 200 else row.status)


# Tasks


def traced(task: Any, tenant: TenantInfo) -> str:
    """Run a message as a worker does; return its id."""
    task_id = str(uuid4())
    request = {
        "id": task_id,
        "delivery_info": {"exchange": "", "routing_key": "default"},
        "retries": 0,
        **address_of(tenant),
    }
    build_tracer(task.name, task, app=app)(task_id, ["word"], {}, request)
    return task_id


@pytest.fixture
def sent_again(monkeypatch) -> list[dict[str, Any]]:
    """Return with which options a task was sent for later."""
    sent: list[dict[str, Any]] = []

    def note(task: Any, **options: Any) -> Any:
        sent.append(options)
        return remember.s("word").set(countdown=0)

    monkeypatch.setattr(TenantTask, "signature_from_request", note)
    monkeypatch.setattr("celery.canvas.Signature.apply_async", lambda *a, **k: None)
    return sent


def what_became_of(task: Any, tenant: TenantInfo) -> str:
    remember.seen.clear()
    task_id = traced(task, tenant)
    with use_control():
        if DeadLetter.objects.filter(task_id=task_id).exists():
            return "kept"
        told = OperatorEvent.objects.filter(action="task.dropped", tenant=tenant.uuid)
        if told.exists():
            return "dropped"
    return "run" if remember.seen else ""


@in_every_row
@pytest.mark.parametrize(
    "task", [remember, remember_also_past_due], ids=["any", "reads"]
)
def test_sta_1_tasks(acme, frozen_clock, request, name: str, task) -> None:
    row = TABLE[name]
    info = bring(row)
    if row.task == "later":
        again = request.getfixturevalue("sent_again")
        assert what_became_of(task, info) == ""
        assert [options["countdown"] for options in again] == [60]
    elif row.status == 402 and task is remember_also_past_due:
        assert what_became_of(task, info) == "run"
    else:
        assert what_became_of(task, info) == row.task


def test_a_dropped_task_is_told_once_an_hour(acme, frozen_clock) -> None:
    info = bring(TABLE["archived"])
    for _time in range(3):
        traced(remember, info)
    with use_control():
        told = OperatorEvent.objects.filter(action="task.dropped")
        (event,) = told
        assert (event.result, event.args) == (
            "the tenant is archived",
            {"task": "tests.remember"},
        )
    clock.advance(timedelta(hours=2))
    traced(remember, info)
    with use_control():
        assert told.all().count() == 2


def test_what_was_sent_before_a_purge_is_not_kept_after_it(acme, frozen_clock) -> None:
    """Its arguments are the tenant's, and its certificate says that all is gone."""
    bring(TABLE["purged"])
    with use_control():
        Tenant.objects.filter(uuid=acme.uuid).update(generation=acme.generation + 1)
    assert what_became_of(remember, acme) == "dropped"


# Timers


@in_every_row
def test_sch_2_timers(acme, frozen_clock, name: str) -> None:
    row = TABLE[name]
    info = bring(row)
    with use_control():
        WakeUp.objects.filter(tenant__uuid=info.uuid).update(next_due=clock.now())
        taken = wake_ups.take(10, only=[info.uuid])
        assert bool(taken) is row.timers
        assert bool(Tenant.objects.filter(conduct.working(), uuid=info.uuid)) is (
            row.timers
        )


@in_every_row
def test_l22_a_wake_up_that_was_taken_opens_no_stopped_tenant(
    acme, frozen_clock, name: str
) -> None:
    """Even one that somebody switched on by hand."""
    row = TABLE[name]
    info = bring(row)
    with use_control():
        WakeUp.objects.filter(tenant__uuid=info.uuid).update(
            enabled=True, next_due=clock.now(), lease_until=None
        )
        (taken,) = wake_ups.take(10, only=[info.uuid])
    assert (scheduler.run_taken(taken) is not None) is row.timers


# The database


@in_every_row
def test_sta_5_the_database(acme, frozen_clock, name: str) -> None:
    """For code that looks at no state, with values from before the move."""
    row = TABLE[name]
    bring(row)
    connection.forget()
    if row.data == "nothing":
        with pytest.raises(ContextApplyError), use(acme), transaction.atomic():
            User.objects.exists()
        return
    with use(acme):
        assert User.objects.exists()
        if row.data == "write":
            Group.objects.update(name=F("name"))
        else:
            with pytest.raises(Error, match="permission denied"), transaction.atomic():
                Group.objects.update(name=F("name"))


def test_sta_5_the_probe_of_a_closed_schema_says_that_it_is_closed(acme) -> None:
    """DB-3: PostgreSQL passes over such a schema in silence."""
    bring(TABLE["suspended"])
    connection.forget()
    with use(acme), pytest.raises(TenantUnavailable), transaction.atomic():
        User.objects.exists()


def test_the_table_has_a_line_for_each_state_and_overlay() -> None:
    assert {row.state for row in TABLE.values()} == set(State) == set(conduct.TABLE)
    laid = {row.state for row in TABLE.values() if row.overlay}
    assert laid == set(conduct.OVERLAID)
    assert set(MOVES) == set(State)


# Moves


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("to", State)
def test_sta_1_only_the_moves_of_the_table_are_made(
    acme, before: State, to: State
) -> None:
    put_into(before, before=to if before == State.DELETING else "")
    with use_control():
        events = OperatorEvent.objects.count()
    if to in MOVES[before]:
        assert change_state(tenant(), to, reason="why", by="operator").state == to
        made = 1
    else:
        with pytest.raises(MoveRefused):
            change_state(tenant(), to, reason="why", by="operator")
        made = 0
    assert tenant().state == (to if made else before)
    with use_control():
        assert OperatorEvent.objects.count() == events + made


@pytest.mark.parametrize(
    ("before", "ways"),
    [
        ("trial", {"trial", "suspended", "purged"}),
        ("active", {"active", "suspended", "purged"}),
        ("past_due", {"past_due", "suspended", "purged"}),
        ("suspended", {"suspended", "purged"}),
        ("archived", {"archived", "purged"}),
    ],
)
def test_from_being_deleted_a_tenant_goes_back_to_where_it_was_only(
    acme, before: str, ways: set[str]
) -> None:
    put_into(State(before))
    row = change_state(tenant(), State.DELETING, reason="Asked.", by="owner")
    assert row.state_before == before
    assert {to.value for to in State if states.may_move(row, to)} == ways


def test_a_move_is_in_the_book_with_reason_and_actor(acme) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    with use_control():
        event = OperatorEvent.objects.filter(tenant=acme.uuid).latest("at")
    assert (event.action, event.actor) == ("tenant.suspended", "operator")
    assert event.args == {"before": "active", "reason": "Unpaid."}
    assert tenant().state_reason == "Unpaid."


def test_a_stopped_tenant_serves_no_static_file_either(visitor, acme, settings) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    path = "/static/tenantry/base.css"
    served = visitor().get(path)
    assert served.status_code == 200
    assert b"{" in served.getvalue()
    put_into(State.SUSPENDED)
    assert visitor().get(path).status_code == 423
    assert visitor("nobody.localhost").get(path).status_code == 404


def test_sta_4_a_refusal_tells_neither_reason_nor_name(visitor, acme) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Secret reason.", by="operator")
    for path in ("/", "/api/protected/me"):
        text = visitor().get(path).content.decode()
        assert "Secret" not in text
        assert "Acme" not in text


def test_a_stopped_tenant_stops_nobody_else(visitor, acme, globex) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    assert visitor("globex.localhost").get("/accounts/sign-in").status_code == 200
    assert visitor("localhost").get("/").status_code == 200


def test_sta_7_resuming_runs_at_once_what_was_missed(acme, frozen_clock) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    change_state(tenant(), State.ACTIVE, reason="Paid.", by="operator")
    with use_control():
        row = WakeUp.objects.get(tenant__slug="acme")
    assert (row.enabled, row.next_due, row.lease_until) == (True, clock.now(), None)


def test_a_tenant_suspended_while_its_work_runs_is_not_put_back(acme) -> None:
    with use_control():
        WakeUp.objects.filter(tenant__slug="acme").update(next_due=clock.now())
        (taken,) = wake_ups.take(1, only=[acme.uuid])
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    assert scheduler.run_taken(taken) is None
    with use_control():
        assert wake_ups.put_back(taken, None) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenants_operatorevent SET actor = ''",
        "DELETE FROM tenants_operatorevent",
    ],
)
def test_the_book_is_only_written_forward(acme, statement: str) -> None:
    with use_control(), connection.cursor() as cursor:
        before = OperatorEvent.objects.count()
        with pytest.raises(Error, match="only appended"), transaction.atomic():
            cursor.execute(statement)
        assert OperatorEvent.objects.count() == before > 0


def test_an_event_is_not_written_twice(acme) -> None:
    with use_control():
        event = OperatorEvent.objects.latest("at")
        for change in (event.save, event.delete, OperatorEvent.objects.all().delete):
            with pytest.raises(WrittenOnce):
                change()


def test_sta_2_a_row_saves_no_state_that_somebody_assigned(acme) -> None:
    row = tenant()
    row.state = State.SUSPENDED
    with use_control():
        for fields in (None, ["state"], ["name"]):
            with pytest.raises(StateAssigned):
                row.save(update_fields=fields)
    assert tenant().state == State.ACTIVE


def test_sta_2_a_row_from_before_a_move_does_not_undo_it(acme) -> None:
    row = tenant()
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    row.name = "Another"
    with use_control():
        row.save()
    assert (tenant().name, tenant().state) == ("Another", "suspended")
    with use_control():
        row.refresh_from_db()
        row.save()
        Tenant.objects.only("slug").get(pk=row.pk).save()
    assert tenant().state_reason == "Unpaid."


def test_sta_2_nothing_else_assigns_a_tenants_state() -> None:
    """Read the source of all apps."""
    root = Path(settings.ROOT)
    folders = ["tenants", "accounts", "workflow", "platform"]
    files = [
        file
        for folder in folders
        for file in (root / folder).rglob("*.py")
        if "migrations" not in file.parts and file != root / "tenants" / "states.py"
    ]
    assert len(files) > 100
    assert [f"{f}:{line}" for f in files for line in assignments(f)] == []
    assert assignments(root / "tenants" / "states.py"), "the scan sees nothing"


def assignments(file: Path) -> list[int]:
    """Return the lines that write the state of a tenant."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [node.lineno for target in targets if is_state_of_tenant(target)]
        elif isinstance(node, ast.Call) and is_update_of_tenants(node):
            found.append(node.lineno)
    return found


def is_state_of_tenant(target: ast.expr) -> bool:
    if not isinstance(target, ast.Attribute) or target.attr != "state":
        return False
    owner = ast.unparse(target.value).lower()
    return "tenant" in owner or owner == "locked"


def is_update_of_tenants(call: ast.Call) -> bool:
    verb = getattr(call.func, "attr", "")
    names = {keyword.arg for keyword in call.keywords}
    return (
        verb in {"update", "create", "get_or_create", "update_or_create"}
        and "state" in names
        and ast.unparse(call.func).startswith("Tenant.")
    )
