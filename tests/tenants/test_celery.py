"""Tasks run for their tenant or not at all; a real worker takes them from Valkey."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from config.celery import app
from config.tasks import broker
from kernel import clock
from tenants import broker as sender
from tenants import lookup, provisioning, scheduler, tasks, wake_ups
from tenants.context import (
    CONTROL_UUID,
    NoTenantError,
    current_or_none,
    use,
    use_control,
)
from tenants.errors import TenantRefused
from tenants.models import ProvisioningRun, WakeUp
from tenants.states import State, change_state
from tests.tenants import worker
from tests.tenants.tasks import remember, remember_control


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    remember.seen.clear()
    sender._quiet_until = 0.0


def test_a_task_runs_in_the_tenant_that_its_message_names(acme, globex) -> None:
    for tenant in (acme, globex):
        done = remember.apply(["word"], headers={"tenant": str(tenant.uuid)})
        assert done.result == f"{tenant.uuid} {tenant.schema_name} en"
    assert current_or_none() is None


def test_a_task_of_the_control_plane_runs_there(db) -> None:
    assert remember_control.apply(["word"]).result == f"{CONTROL_UUID} public en"


@pytest.mark.parametrize(
    "headers",
    [None, {}, {"tenant": ""}, {"tenant": "acme"}, {"tenant": str(UUID(int=7))}],
)
def test_a_task_for_no_known_tenant_is_refused(db, headers) -> None:
    done = remember.apply(["word"], headers=headers)
    assert done.state == "FAILURE"
    assert isinstance(done.result, TenantRefused)
    assert remember.seen == []


def test_publishing_without_a_tenant_is_an_error(db) -> None:
    with pytest.raises(NoTenantError):
        remember.delay("word")
    with use_control(), pytest.raises(NoTenantError):
        remember.delay("word")


def test_a_look_up_that_fails_for_technical_reasons_is_tried_again(
    acme, monkeypatch
) -> None:
    real, calls = lookup.by_uuid, []

    def sometimes(uuid):
        calls.append(uuid)
        if len(calls) < 3:
            raise OperationalError("the control plane is away")
        return real(uuid)

    monkeypatch.setattr(lookup, "by_uuid", sometimes)
    done = remember.apply(["word"], headers={"tenant": str(acme.uuid)})
    assert (done.state, len(calls)) == ("SUCCESS", 3)


def test_a_broker_that_is_down_does_not_stop_a_request(acme, settings) -> None:
    settings.TENANTRY_DISPATCH = "celery"
    before = app.conf.broker_write_url
    app.conf.broker_write_url = "redis://127.0.0.1:1/0"
    worker.forget_connections(app)
    try:
        started = time.monotonic()
        for _number in range(20):
            assert not sender.publish(tasks.run_now, str(acme.uuid))
        assert time.monotonic() - started < 5
    finally:
        app.conf.broker_write_url = before
        worker.forget_connections(app)


def told(word: str, *, within: int = 15) -> str | None:
    """Return what a task told under a word, or None if it did not in time."""
    with broker() as client:
        found = client.blpop([f"told:{word}"], timeout=within)
    return found[1].decode() if found else None


def wait_until(question, *, seconds: float = 15.0) -> None:
    give_up = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_runs_tasks_refuses_some_and_wakes_tenants(
    acme, globex, settings, tenant_row
) -> None:
    """One worker process for all of it, since starting one takes seconds."""
    settings.TENANTRY_DISPATCH = "celery"
    with worker.running() as process:
        with use(acme):
            remember.delay("of-acme")
        with use(globex):
            remember.delay("of-globex")
        remember_control.delay("of-control")
        assert told("of-acme") == f"{acme.uuid} {acme.schema_name} en"
        assert told("of-globex") == f"{globex.uuid} {globex.schema_name} en"
        assert told("of-control") == f"{CONTROL_UUID} public en"

        change_state(tenant_row("acme"), State.SUSPENDED, reason="Why.", by="operator")
        with use(acme):
            remember.delay("of-suspended")
        remember.apply_async(["of-unknown"], headers={"tenant": str(uuid4())})
        app.send_task("tests.remember", ["of-nobody"])
        process.wait_for("the tenant is suspended")
        process.wait_for("the tenant is unknown")
        process.wait_for("it names no tenant")
        for word in ("of-suspended", "of-unknown", "of-nobody"):
            assert told(word, within=1) is None
        assert process.text.count("task.refused") == 3

        wakes_by_an_arming(globex)
        wakes_by_a_tick(globex)
        finishes_a_provisioning_run()


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
