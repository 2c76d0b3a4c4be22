"""A message says for whom it is, and its task runs there, or not at all."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import Task, chain, group, shared_task
from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from celery.schedules import schedule
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils import timezone, translation

from config.celery import app
from tenants import tasks
from tenants.carrying import broker as sender
from tenants.carrying.publishing import WrongAddress, address_of
from tenants.context import (
    CONTROL,
    CONTROL_UUID,
    NoTenantError,
    current_or_none,
    use,
    use_control,
)
from tenants.errors import TenantRefused
from tenants.models import DeadLetter, Tenant
from tenants.states import State, change_state
from tests.tenants import worker
from tests.tenants.tasks import (
    come_again,
    fail,
    failed,
    follow,
    leave_it_so,
    pass_on,
    remember,
    remember_control,
    remember_place,
    where,
)

memory: Any = remember


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    memory.seen.clear()
    sender._quiet_until = 0.0


@pytest.fixture
def corner() -> Iterator[str]:
    """Return the prefix under which messages lie that nobody takes."""
    prefix = f"tests-{uuid4().hex}:"
    with worker.cornered(app, prefix):
        yield prefix


# Publishing

WAYS: dict[str, Callable[[], object]] = {
    "delay": lambda: remember.delay("word"),
    "apply_async": lambda: remember.apply_async(["word"], countdown=1),
    "with a header of its own": lambda: remember.apply_async(
        ["word"], headers={"colour": "red"}
    ),
    "send_task": lambda: app.send_task("tests.remember", ["word"]),
    "send_task of another process": lambda: app.send_task("elsewhere.do", ["word"]),
    "signature": lambda: remember.s("word").apply_async(),
    "immutable signature": lambda: remember.si("word").apply_async(),
    "signature by name": lambda: app.signature("tests.remember", ["word"]).delay(),
    "group": lambda: group(remember.s("a"), remember.si("b")).apply_async(),
    "chain": lambda: chain(pass_on.si("a"), follow.s("b")).apply_async(),
    "chord": (group(pass_on.s("a"), pass_on.s("b")) | follow.s("c")).delay,
    "chunks": remember.chunks([["a"], ["b"]], 1),
    "with a link": lambda: pass_on.apply_async(["a"], link=follow.s("b")),
    "through our broker": lambda: sender.publish(remember, "word"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_publish_names_the_tenant(acme, corner, way: str) -> None:
    with use(acme):
        WAYS[way]()
    sent = worker.messages(corner)
    assert len(sent) == (2 if way in {"group", "chord", "chunks"} else 1)
    for message in sent:
        headers = message["headers"]
        assert (headers["tenant"], headers["generation"]) == (str(acme.uuid), 1)


def test_headers_of_ones_own_are_kept(acme, corner) -> None:
    with use(acme):
        WAYS["with a header of its own"]()
    assert worker.messages(corner)[0]["headers"]["colour"] == "red"


@pytest.mark.parametrize("way", WAYS)
def test_publishing_for_no_tenant_raises_and_sends_nothing(corner, way: str) -> None:
    with pytest.raises(NoTenantError):
        WAYS[way]()
    with use_control(), pytest.raises(NoTenantError):
        WAYS[way]()
    assert worker.messages(corner) == []


def test_a_tenant_publishes_for_no_other(acme, globex, corner) -> None:
    former = replace(acme, generation=7)
    for other in (address_of(globex), address_of(former), {"tenant": "x"}):
        with use(acme), pytest.raises(WrongAddress):
            remember.apply_async(["word"], headers=other)
    assert worker.messages(corner) == []


def test_nobody_publishes_by_naming_a_tenant(acme, corner) -> None:
    with pytest.raises(NoTenantError):
        remember.apply_async(["word"], headers=address_of(acme))
    assert worker.messages(corner) == []


def test_the_control_plane_publishes_for_the_tenant_that_it_names(acme, corner) -> None:
    with use_control():
        remember.apply_async(["word"], headers=address_of(acme))
    assert worker.messages(corner)[0]["headers"]["tenant"] == str(acme.uuid)


def test_a_task_of_the_control_plane_is_published_from_anywhere(acme, corner) -> None:
    remember_control.delay("word")
    with use(acme):
        remember_control.delay("word")
    for message in worker.messages(corner):
        assert "tenant" not in message["headers"]


@pytest.mark.parametrize(
    "way",
    [
        lambda: transaction.on_commit(lambda: remember.delay("word")),
        lambda: memory.delay_on_commit("word"),
        lambda: memory.apply_async_on_commit(["word"]),
    ],
)
def test_what_is_published_after_a_commit_is_for_the_tenant_of_the_transaction(
    acme, globex, corner, django_capture_on_commit_callbacks, way
) -> None:
    with django_capture_on_commit_callbacks() as callbacks, use(acme):
        way()
    assert worker.messages(corner) == []
    with use(globex):
        callbacks[0]()
    assert worker.messages(corner)[0]["headers"]["tenant"] == str(acme.uuid)
    with pytest.raises(NoTenantError):
        way()


def test_beat_sends_tasks_of_the_control_plane_only(acme, corner) -> None:
    beat = Scheduler(app, lazy=True)

    def entry(task: Task) -> ScheduleEntry:
        return ScheduleEntry(
            name="each second",
            task=task.name,
            schedule=schedule(1, app=app),
            args=["word"],
            app=app,
        )

    with pytest.raises(SchedulingError, match="none is entered"):
        beat.apply_async(entry(remember))
    assert worker.messages(corner) == []
    beat.apply_async(entry(remember_control))
    assert len(worker.messages(corner)) == 1


def test_everything_that_beat_sends_is_of_the_control_plane() -> None:
    names = {entry["task"] for entry in app.conf.beat_schedule.values()}
    for name in names | {"celery.backend_cleanup"}:
        assert app.tasks[name].plane == "control", name


def test_a_task_that_left_our_base_cannot_be_published(acme, corner) -> None:
    @shared_task(name="tests.stray", base=Task)
    def stray() -> None:
        """Do nothing."""

    try:
        with use(acme), pytest.raises(ImproperlyConfigured, match="TenantTask"):
            stray.delay()
        assert worker.messages(corner) == []
    finally:
        app.tasks.pop("tests.stray")


# Running

EAGER = ("apply", "always eager")


def run(way: str, task: Task, *args: object, **options: object) -> Any:
    if way == "apply":
        return task.apply(args, **options)
    app.conf.task_always_eager = True
    try:
        return task.apply_async(args, **options)
    finally:
        app.conf.task_always_eager = False


@pytest.mark.parametrize("way", EAGER)
def test_an_eager_task_runs_in_its_tenant_and_gives_the_context_back(
    acme, globex, way: str
) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            done = run(way, remember, "word")
            assert current_or_none() == tenant
        assert done.result == f"{tenant.uuid} {tenant.schema_name} en"
    with use_control():
        done = run(way, remember, "word", headers=address_of(acme))
        assert current_or_none() is CONTROL
    assert done.result == f"{acme.uuid} {acme.schema_name} en"
    assert current_or_none() is None


def test_a_message_at_hand_runs_where_nobody_is_at_work(acme) -> None:
    done = remember.apply(["word"], headers=address_of(acme))
    assert done.result == f"{acme.uuid} {acme.schema_name} en"
    assert current_or_none() is None


@pytest.mark.parametrize("way", EAGER)
def test_an_eager_task_of_the_control_plane_runs_there(in_acme, way: str) -> None:
    done = run(way, remember_control, "word")
    assert done.result == f"{CONTROL_UUID} public en"
    assert current_or_none() == in_acme


@pytest.mark.parametrize("way", EAGER)
def test_an_eager_task_for_nobody_or_another_does_not_run(
    acme, globex, way: str
) -> None:
    with pytest.raises(NoTenantError):
        run(way, remember, "word")
    with use_control(), pytest.raises(NoTenantError):
        run(way, remember, "word")
    with use(acme), pytest.raises(WrongAddress):
        run(way, remember, "word", headers=address_of(globex))
    assert memory.seen == []


@pytest.mark.parametrize("way", EAGER)
@pytest.mark.parametrize(
    "headers",
    [
        {"tenant": ""},
        {"tenant": "acme", "generation": 1},
        {"tenant": None, "generation": 1},
        {"tenant": ["x"], "generation": 1},
        {"tenant": str(UUID(int=7)), "generation": 1},
        {"tenant": str(CONTROL_UUID), "generation": 1},
    ],
)
def test_an_eager_task_for_no_known_tenant_is_refused(
    in_control, way: str, headers
) -> None:
    done = run(way, remember, "word", headers=headers)
    assert done.state == "FAILURE"
    assert isinstance(done.result, TenantRefused)
    assert memory.seen == []
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize("generation", [None, "1", 0, 2, True, 1.0])
def test_a_message_of_another_generation_is_refused(acme, generation) -> None:
    headers = {**address_of(acme), "generation": generation}
    done = remember.apply(["word"], headers=headers)
    assert isinstance(done.result, TenantRefused)
    assert memory.seen == []


@pytest.mark.parametrize("way", EAGER)
def test_an_eager_task_of_a_stopped_tenant_is_refused(
    acme, tenant_row, way: str
) -> None:
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Why.", by="operator")
    with use(acme):
        done = run(way, remember, "word")
        assert current_or_none() == acme
    assert done.state == "FAILURE"
    assert isinstance(done.result, TenantRefused)
    assert memory.seen == []


@pytest.mark.parametrize("way", EAGER)
def test_an_eager_task_runs_inside_its_callers_transaction(in_acme, way: str) -> None:
    with transaction.atomic():
        Group.objects.create(name="not committed")
        assert run(way, remember, "word").state == "SUCCESS"
        transaction.set_rollback(True)
    assert not Group.objects.filter(name="not committed").exists()


def test_an_eager_failure_and_a_retry_give_the_context_back(in_acme) -> None:
    assert fail.apply(["word"]).state == "FAILURE"
    assert current_or_none() == in_acme
    assert come_again.apply(["word"]).state == "SUCCESS"
    assert current_or_none() == in_acme
    assert len(memory.seen) == 2


def test_what_a_task_leaves_entered_is_left_with_it(acme, globex, settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    with use(globex):
        done = leave_it_so.apply(["word"])
        assert done.result is None
        assert done.state == "SUCCESS"
        assert memory.seen == [f"{CONTROL_UUID} public de"]
        assert where() == (globex.schema_name, globex.db_role)
        assert translation.get_language() == "en"
    assert current_or_none() is None


@pytest.mark.parametrize("way", EAGER)
def test_what_follows_an_eager_task_is_for_its_tenant(acme, corner, way: str) -> None:
    with use_control():
        run(way, pass_on, "a", link=follow.s("b"), headers=address_of(acme))
    if way == "always eager":
        assert memory.seen[1:] == [f"{acme.uuid} {acme.schema_name} en after a"]
    else:
        assert worker.messages(corner)[0]["headers"]["tenant"] == str(acme.uuid)


def test_who_takes_a_failure_works_for_the_tenant_of_the_task(acme) -> None:
    with use_control():
        fail.apply(["a"], link_error=failed.s("b"), headers=address_of(acme))
    assert memory.seen[1:] == [f"{acme.uuid} {acme.schema_name} en ArithmeticError"]


def test_nobody_takes_the_refusal_of_a_task_for_the_control_plane(in_control) -> None:
    done = remember.apply(
        ["a"], link_error=failed.s("b"), headers={"tenant": "x", "generation": 1}
    )
    assert done.state == "FAILURE"
    assert memory.seen == []


def test_a_task_works_in_the_language_and_time_zone_of_its_tenant(
    acme, settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    with use_control():
        Tenant.objects.filter(slug="acme").update(
            locale="de", timezone="Australia/Sydney"
        )
    done = remember_place.apply(["word"], headers=address_of(acme))
    assert done.result == f"{acme.uuid} {acme.schema_name} de Australia/Sydney"
    assert translation.get_language() == "en"
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_task_called_as_a_function_runs_in_the_callers_context(acme, globex) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            assert remember("word") == f"{tenant.uuid} {tenant.schema_name} en"
    with use_control():
        assert remember("word") == f"{CONTROL_UUID} public en"
    with pytest.raises(NoTenantError):
        remember("word")
    assert len(memory.seen) == 3


def test_a_task_that_calls_itself_stays_in_the_context_of_the_call(
    acme, globex
) -> None:
    @shared_task(name="tests.recurse")
    def recurse(depth: int) -> UUID:
        if depth:
            with use(globex):
                return recurse(depth - 1)
        return connection.tenant.uuid

    try:
        assert recurse.apply([2], headers=address_of(acme)).result == globex.uuid
    finally:
        app.tasks.pop("tests.recurse")


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
