"""The states of a tenant: every move, every plane."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.db import Error, connection, transaction

from kernel import clock
from kernel.append_only import WrittenOnce
from tenants import scheduler, wake_ups
from tenants.context import use_control
from tenants.errors import MoveRefused, TenantRefused
from tenants.models import OperatorEvent, Tenant, WakeUp
from tenants.publishing import address_of
from tenants.states import MOVES, REFUSALS, SERVED, State, change_state

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
    "/api/auth/mobile/sign-in",
    "/api/protected/me",
    "/api/openapi.json",
    "/api/docs",
    "/api/no/such/path",
]
#: State, HTTP status, code and Retry-After.
ANSWERS = [
    (State.PROVISIONING, 503, "tenant_provisioning", "5"),
    (State.FAILED, 503, "tenant_failed", "3600"),
    (State.SUSPENDED, 423, "tenant_suspended", "3600"),
]


def tenant(slug: str = "acme") -> Tenant:
    with use_control():
        return Tenant.objects.get(slug=slug)


def put_into(state: State, slug: str = "acme") -> None:
    """Bring a tenant into a state that no move leads to from active."""
    with use_control():
        Tenant.objects.filter(slug=slug).update(state=state)
        WakeUp.objects.filter(tenant__slug=slug).update(enabled=state in SERVED)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("to", State)
def test_only_the_moves_of_the_table_are_made(acme, before: State, to: State) -> None:
    put_into(before)
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


def test_a_move_is_in_the_book_with_reason_and_actor(acme) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    with use_control():
        event = OperatorEvent.objects.filter(tenant=acme.uuid).latest("at")
    assert (event.action, event.actor) == ("tenant.suspended", "operator")
    assert event.args == {"before": "active", "reason": "Unpaid."}
    assert tenant().state_reason == "Unpaid."


@pytest.mark.parametrize("expected", ANSWERS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_path_of_a_stopped_tenant_answers_its_state(
    visitor, acme, expected, path, method
) -> None:
    state, status, code, retry_after = expected
    put_into(state)
    answer = getattr(visitor(), method)(path)
    assert answer.status_code == status
    assert answer["Retry-After"] == retry_after
    if path.startswith("/api/"):
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code
        assert answer.json()["status"] == status
    else:
        assert answer["Content-Type"].startswith("text/html")
        assert b"<h1>" in answer.content


def test_a_stopped_tenant_serves_no_static_file_either(visitor, acme, settings) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    path = "/static/tenantry/base.css"
    served = visitor().get(path)
    assert served.status_code == 200
    assert b"{" in served.getvalue()
    put_into(State.SUSPENDED)
    assert visitor().get(path).status_code == 423
    assert visitor("nobody.localhost").get(path).status_code == 404


def test_a_refusal_tells_neither_reason_nor_name(visitor, acme) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Secret reason.", by="operator")
    for path in ("/", "/api/protected/me"):
        text = visitor().get(path).content.decode()
        assert "Secret" not in text
        assert "Acme" not in text


def test_a_stopped_tenant_stops_nobody_else(visitor, acme, globex) -> None:
    change_state(tenant(), State.SUSPENDED, reason="Unpaid.", by="operator")
    assert visitor("globex.localhost").get("/accounts/sign-in").status_code == 200
    assert visitor("localhost").get("/").status_code == 200


def test_every_state_that_is_not_served_has_a_refusal() -> None:
    assert set(REFUSALS) | SERVED == set(State)
    assert not set(REFUSALS) & SERVED
    assert set(MOVES) == set(State)


@pytest.mark.parametrize("state", sorted(REFUSALS))
def test_a_task_of_a_stopped_tenant_is_refused(acme, state: State) -> None:
    from tests.tenants.tasks import remember

    put_into(state)
    remember.seen.clear()
    done = remember.apply(["word"], headers=address_of(acme))
    assert done.state == "FAILURE"
    assert isinstance(done.result, TenantRefused)
    assert remember.seen == []


@pytest.mark.parametrize("state", sorted(REFUSALS))
def test_the_scheduler_does_not_take_a_stopped_tenant(acme, state: State) -> None:
    put_into(state)
    with use_control():
        WakeUp.objects.filter(tenant__slug="acme").update(next_due=clock.now())
        assert wake_ups.take(10, only=[acme.uuid]) == []


def test_resuming_runs_at_once_what_was_missed(acme, frozen_clock) -> None:
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


def test_nothing_else_assigns_a_tenants_state() -> None:
    """STA-1, STA-2: read the source of all apps."""
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
