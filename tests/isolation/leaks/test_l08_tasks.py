"""L8: Celery work of a missing or stopped tenant runs in control.

The first tests run a task by Celery's own tracer, as a worker does; the last one asks
a live worker, which is a process with a pool of processes or of threads.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import Celery, chain, group
from celery.app.trace import build_tracer
from django.db import OperationalError, connection

from config.celery import app
from kernel import clock
from tenants import celery, lookup, provisioning, scheduler, tasks
from tenants.carrying import broker as sender
from tenants.carrying.publishing import address_of
from tenants.context import (
    CONTROL_UUID,
    TenantInfo,
    current_or_none,
    use,
    use_control,
)
from tenants.life import conduct
from tenants.models import DeadLetter, OperatorEvent, ProvisioningRun, Tenant, WakeUp
from tenants.scheduling import wake_ups
from tenants.states import State, change_state
from tests import databases
from tests.tenants import worker
from tests.tenants.tasks import (
    after_commit,
    all_told,
    come_again,
    compare,
    fail,
    failed,
    failed_by_id,
    follow,
    leave_it_so,
    let,
    pass_on,
    processes,
    remember,
    remember_control,
    take_too_long,
    told,
    wait,
)

memory: Any = remember


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    memory.seen.clear()
    sender._quiet_until = 0.0


def tenant_in(state: str) -> TenantInfo:
    """Make a tenant's row in a state, or the values of one that is gone."""
    with use_control():
        row = Tenant.objects.create(
            slug=f"newcomer-{state}",
            name="Newcomer",
            state="active" if state == "deleted" else state,
        )
        info = row.info()
        if state == "deleted":
            row.delete()
    return info


def row_of(tenant: TenantInfo) -> Tenant:
    with use_control():
        return Tenant.objects.get(uuid=tenant.uuid)


def stop(tenant: TenantInfo) -> None:
    change_state(row_of(tenant), State.SUSPENDED, reason="Why.", by="operator")


def resume(tenant: TenantInfo) -> None:
    change_state(row_of(tenant), State.ACTIVE, reason="Why.", by="operator")


def letter_of(task_id: str) -> DeadLetter | None:
    with use_control():
        return DeadLetter.objects.filter(task_id=task_id).first()


# What is refused: the headers of a message, the reason, and the words for it

NOT_SERVED = ("provisioning", "failed", "suspended")
NO_TENANT: tuple[dict[str, object], ...] = (
    {},
    {"tenant": "acme", "generation": 1},
    {"tenant": str(UUID(int=7))},
    {"tenant": None, "generation": 1},
    {"generation": 1},
)
NO_SUCH_TENANT = (
    {"tenant": str(UUID(int=7)), "generation": 1},
    {"tenant": str(CONTROL_UUID), "generation": 1},
)


def refused(acme: TenantInfo) -> Iterator[tuple[dict[str, Any], str, str]]:
    for headers in NO_TENANT:
        yield headers, "nameless", "it names no tenant"
    for headers in NO_SUCH_TENANT:
        yield headers, "unknown", "the tenant is unknown"
    yield address_of(tenant_in("deleted")), "unknown", "the tenant is unknown"
    for state in NOT_SERVED:
        yield address_of(tenant_in(state)), "stopped", f"the tenant is {state}"
    stale = {**address_of(acme), "generation": 0}
    yield stale, "stale", "it was sent before the tenant's reset"


# By the tracer


def traced(task: Any, headers: dict[str, Any], *, retries: int = 0) -> tuple[str, str]:
    """Run a message as a worker does; return its id and the state it ends in."""
    task_id = str(uuid4())
    request = {
        "id": task_id,
        "delivery_info": {"exchange": "", "routing_key": "default"},
        "retries": retries,
        **headers,
    }
    done = build_tracer(task.name, task, app=app)(task_id, ["word"], {}, request)
    return task_id, done.info.state if done.info else "SUCCESS"


def test_a_task_for_no_served_tenant_does_not_run_and_is_seen(acme) -> None:
    for headers, reason, detail in refused(acme):
        task_id, state = traced(remember, headers)
        letter = letter_of(task_id)
        assert state == "IGNORED"
        assert (letter.reason, letter.detail) == (reason, detail)
        assert str(letter.tenant or "") in str(headers.get("tenant"))
        with use_control():
            assert OperatorEvent.objects.filter(
                action="task.refused", tenant=letter.tenant, result=detail
            ).exists()
    assert memory.seen == []
    assert current_or_none() is None


def test_the_tenant_that_is_served_is_worked_for(acme) -> None:
    _id, state = traced(remember, address_of(acme))
    assert state == "SUCCESS"
    assert memory.seen == [f"{acme.uuid} {acme.schema_name} en"]


def test_with_no_look_at_the_state_the_work_of_a_stopped_tenant_runs(
    acme, monkeypatch
) -> None:
    """The schema is open in this state, so this is the only defence."""
    with use_control():
        Tenant.objects.filter(slug="acme").update(state="provisioning")
    monkeypatch.setattr(conduct, "of", lambda tenant: conduct.TABLE["active"])
    traced(remember, address_of(acme))
    assert len(memory.seen) == 1


def test_with_no_refusal_the_work_for_nobody_runs_in_control(db, monkeypatch) -> None:
    monkeypatch.setattr(celery.TenantTask, "refuse", lambda task, refusal: None)
    monkeypatch.setattr(celery, "serving", lambda found: use_control())
    traced(remember, {})
    assert memory.seen == [f"{CONTROL_UUID} public en"]


@pytest.fixture
def nobody_takes() -> Iterator[str]:
    """Return the prefix under which messages lie that nobody takes."""
    prefix = f"tests-{uuid4().hex}:"
    with worker.cornered(app, prefix):
        yield prefix


def test_a_look_up_that_fails_comes_back_later_each_time_and_costs_no_retry(
    acme, nobody_takes, monkeypatch
) -> None:
    def away(uuid: UUID) -> None:
        raise OperationalError

    monkeypatch.setattr(lookup, "by_uuid", away)
    for tried, pause in ((0, 1), (3, 8), (8, 256), (9, 300), (10**6, 300)):
        headers = {**address_of(acme), celery.LOOK_UPS: tried}
        task_id, state = traced(remember, headers, retries=2)
        sent = worker.messages(nobody_takes)[-1]["headers"]
        assert state == "RETRY"
        assert sent["id"] == task_id
        assert (sent["tenant"], sent["retries"]) == (str(acme.uuid), 2)
        assert sent[celery.LOOK_UPS] == tried + 1
        assert abs(seconds_to(sent["eta"]) - pause) < 5
    assert memory.seen == []
    with use_control():
        assert not DeadLetter.objects.exists()


def seconds_to(eta: str) -> float:
    from celery.utils.time import maybe_iso8601

    return (maybe_iso8601(eta) - clock.now()).total_seconds()


def test_a_refusal_that_cannot_be_kept_comes_back_later(
    db, nobody_takes, monkeypatch
) -> None:
    def away(*args: object, **values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(celery.dead_letters, "keep", away)
    _id, state = traced(remember, {})
    assert state == "RETRY"
    assert len(worker.messages(nobody_takes)) == 1
    assert memory.seen == []


# By a live worker


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_live_worker_works_for_served_tenants_and_nobody_else(
    acme, globex, settings, pool: str
) -> None:
    """One worker for all of it, since starting one takes seconds."""
    settings.TENANTRY_DISPATCH = "celery"
    with worker.running(pool=pool) as process:
        for case in CASES:
            case(acme, globex, process)
        if pool == "prefork":
            stops_a_task_that_takes_too_long(acme, globex)
            shares_no_connection_of_the_parent(acme, process)
        else:
            wakes_by_an_arming(globex)
            wakes_by_a_tick(globex)
            finishes_a_provisioning_run()
        assert all_told("left") == []


def wait_until(question: Callable[[], object], *, seconds: float = 15.0) -> None:
    give_up = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def of(tenant: TenantInfo, more: str = "") -> str:
    return f"{tenant.uuid} {tenant.schema_name} en{more}"


def runs_each_task_in_its_own_place(acme, globex, process) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            sent = remember.delay(f"of-{tenant.slug}")
        assert told(f"of-{tenant.slug}") == of(tenant)
        (line,) = (
            line
            for line in process.text.splitlines()
            if "event=tests.told" in line and f"task_id={sent.id}" in line
        )
        assert {
            "task=tests.remember",
            f"tenant={tenant.uuid}",
            f"slug={tenant.slug}",
        } <= set(line.split())
    remember_control.delay("of-control")
    assert told("of-control") == f"{CONTROL_UUID} public en"


def refuses_what_is_for_no_served_tenant(acme, globex, process) -> None:
    stranger = Celery("stranger", broker=app.conf.broker_url, set_as_current=False)
    stranger.conf.broker_transport_options = app.conf.broker_transport_options
    stranger.conf.task_default_queue = "default"
    sent = {}
    for number, (headers, *why) in enumerate(refused(acme)):
        word = f"refused-{number}"
        task_id = stranger.send_task("tests.pass_on", [word], headers=headers).id
        sent[task_id] = (word, *why)
    stranger.close()
    for task_id, (word, reason, detail) in sent.items():
        wait_until(lambda task_id=task_id: letter_of(task_id))
        letter = letter_of(task_id)
        assert (letter.reason, letter.detail) == (reason, detail), word
        process.wait_for(f"tests.pass_on[{task_id}] ignored")
        assert f"{task_id}] succeeded" not in process.text
        assert app.AsyncResult(task_id).state == "FAILURE"
        assert all_told(word) == []
    assert process.text.count("event=task.refused") == len(sent)


def passes_the_tenant_on_to_what_follows(acme, globex, process) -> None:
    with use(acme):
        chain(pass_on.si("c1"), pass_on.si("c2"), follow.s("c3")).delay()
        group(remember.s("g1"), remember.si("g2")).delay()
        (group(pass_on.s("h1"), pass_on.s("h2")) | follow.s("h3")).delay()
        pass_on.apply_async(["l1"], link=follow.s("l2"))
        come_again.delay("again")
        after_commit.delay("committed")
    with use(globex):
        fail.apply_async(["f1"], link_error=failed.s("f2"))
        by_id = fail.apply_async(["f3"], link_error=failed_by_id.s()).id
    for word in ("c1", "c2", "g1", "g2", "h1", "h2", "l1", "again", "committed"):
        assert told(word) == of(acme), word
    assert told("c3") == of(acme, " after c2")
    assert told("l2") == of(acme, " after l1")
    assert told("h3").startswith(of(acme, " after ["))
    assert told("f2") == of(globex, " ArithmeticError")
    assert told(f"failed:{by_id}") == of(globex)


def leaves_the_context_with_each_task(acme, globex, process) -> None:
    for number in range(4):
        with use(globex):
            leave_it_so.delay("entered")
            fail.delay("failed")
        with use(acme):
            remember.delay(f"after-{number}")
    for number in range(4):
        assert told(f"after-{number}") == of(acme)
        assert told("failed") == of(globex)
        assert told("entered") == f"{CONTROL_UUID} public de"


def waits_for_the_control_plane(acme, globex, process) -> None:
    allow = "ALTER DATABASE {} ALLOW_CONNECTIONS %s"
    databases.run(allow % "false", databases.working())
    try:
        with use(acme):
            remember.delay("patient")
        process.wait_for("event=task.look_up_failed")
        assert all_told("patient") == []
    finally:
        databases.run(allow % "true", databases.working())
    assert told("patient") == of(acme)
    with use_control():
        assert not DeadLetter.objects.filter(task="tests.remember").exists()


def sends_again_what_waited_for_a_tenant(acme, globex, process) -> None:
    ids = []
    for tenant in (acme, globex):
        stop(tenant)
        with use(tenant):
            ids.append(remember.delay(f"waits-{tenant.slug}").id)
    for task_id in ids:
        wait_until(lambda task_id=task_id: letter_of(task_id))
    resume(acme)
    tasks.tick.delay()
    assert told("waits-acme") == of(acme)
    wait_until(lambda: letter_of(ids[0]) is None)
    assert letter_of(ids[1]).tenant == globex.uuid
    resume(globex)
    tasks.tick.delay()
    assert told("waits-globex") == of(globex)
    assert all_told("waits-acme") == []


def refuses_a_task_whose_tenant_is_stopped_meanwhile(acme, globex, process) -> None:
    with use(acme):
        task_id = wait.delay("meanwhile").id
    assert told("meanwhile") == of(acme)
    stop(acme)
    let("meanwhile")
    wait_until(lambda: letter_of(task_id))
    assert letter_of(task_id).detail == "the tenant is suspended"
    assert all_told("meanwhile") == []
    let("meanwhile")
    resume(acme)
    tasks.tick.delay()
    assert told("meanwhile") == of(acme)
    assert told("meanwhile").startswith(of(acme))


def keeps_tasks_that_run_at_once_apart(acme, globex, process) -> None:
    for _number in range(20):
        for tenant in (acme, globex):
            with use(tenant):
                compare.delay("compared", 5)
    said = [told("compared") for _number in range(40)]
    assert sorted(said) == sorted([of(acme, " 0"), of(globex, " 0")] * 20)


def stops_a_task_that_takes_too_long(acme, globex) -> None:
    with use(acme):
        take_too_long.delay("slow")
        doomed = wait.delay("doomed")
    assert told("doomed") == of(acme)
    with app.connection_for_write() as line:
        app.control.revoke(doomed.id, connection=line, terminate=True, signal="SIGKILL")
    assert told("slow") == of(acme)
    for number in range(8):
        with use(globex):
            remember.delay(f"then-{number}")
    for number in range(8):
        assert told(f"then-{number}") == of(globex)


def shares_no_connection_of_the_parent(acme, process) -> None:
    with use(acme):
        for _number in range(8):
            processes.delay("processes")
    used = {int(told("processes")) for _number in range(8)}
    parents = int(
        process.text.rpartition("the parent's connection is ")[2].split(".")[0]
    )
    assert parents not in used
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [parents])
        assert cursor.fetchone() == (1,)


CASES = (
    runs_each_task_in_its_own_place,
    refuses_what_is_for_no_served_tenant,
    passes_the_tenant_on_to_what_follows,
    leaves_the_context_with_each_task,
    waits_for_the_control_plane,
    sends_again_what_waited_for_a_tenant,
    refuses_a_task_whose_tenant_is_stopped_meanwhile,
    keeps_tasks_that_run_at_once_apart,
)


def wakes_by_an_arming(tenant) -> None:
    number = run_no(tenant)
    with use_control():
        WakeUp.objects.filter(tenant__uuid=tenant.uuid).update(next_due=None)
    with use(tenant):
        scheduler.arm(clock.now())
    wait_until(lambda: run_no(tenant) > number and lease(tenant) is None)


def wakes_by_a_tick(tenant) -> None:
    number = run_no(tenant)
    with use_control():
        wake_ups.lower(tenant.uuid, clock.now() - timedelta(seconds=1))
    tasks.tick.delay()
    wait_until(lambda: run_no(tenant) > number and lease(tenant) is None)


def finishes_a_provisioning_run() -> None:
    run = provisioning.begin(
        slug="newcomer", name="Newcomer", owner_email="operator@newcomer.test"
    )

    def is_done() -> bool:
        with use_control():
            return ProvisioningRun.objects.get(pk=run.pk).state == "done"

    wait_until(is_done, seconds=30)


def run_no(tenant) -> int:
    with use_control():
        return WakeUp.objects.get(tenant__uuid=tenant.uuid).run_no


def lease(tenant):
    with use_control():
        return WakeUp.objects.get(tenant__uuid=tenant.uuid).lease_until
