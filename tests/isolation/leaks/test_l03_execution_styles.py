"""L03: an async or other thread that works for the control plane or a stale tenant."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from asgiref import sync
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, connections

from tenants.carrying import entering, handing_back, upstream
from tenants.carrying.serving import serving
from tenants.carrying.threads import TenantExecutor, TenantThread
from tenants.context import (
    NoTenantError,
    TenantInfo,
    bind,
    current,
    current_or_none,
    use,
    use_control,
)
from tenants.db.base import ContextApplyError
from tenants.models import Tenant
from tenants.states import State, change_state
from tests.isolation.leaks.crossing import PATIENCE, where

Style = Callable[[TenantInfo], Any]


def probe() -> str | None:
    """Return the schema that a statement runs in from here; None where it may not.

    On an event loop no statement is sent, so there the context answers.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return sent()
    return where()


def sent() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            return cursor.fetchone()[0]
    except ContextApplyError:
        raise
    except NoTenantError:
        return None
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()


# Styles that keep the tenant of whoever starts them


def called(tenant: TenantInfo) -> str | None:
    with use(tenant):
        return probe()


def decorated(tenant: TenantInfo) -> str | None:
    return use(tenant)(probe)()


def bound(tenant: TenantInfo) -> str | None:
    with use(tenant):
        function = bind(probe)
    with use_control():
        return function()


def in_a_copy(tenant: TenantInfo) -> str | None:
    with use(tenant):
        copy = contextvars.copy_context()
    return copy.run(probe)


def in_a_tenant_thread(tenant: TenantInfo) -> str | None:
    seen: list[str | None] = []
    with use(tenant):
        thread = TenantThread(target=lambda: seen.append(probe()))
    thread.start()
    thread.join(PATIENCE)
    return seen[0]


def in_a_tenant_executor(tenant: TenantInfo) -> str | None:
    with TenantExecutor(1) as threads:
        with use(tenant):
            job = threads.submit(probe)
        return job.result(PATIENCE)


def in_a_tenant_executors_map(tenant: TenantInfo) -> str | None:
    with TenantExecutor(1) as threads:
        with use(tenant):
            rows = threads.map(lambda _row: probe(), [1])
        return next(rows)


def on_a_loop(function: Callable[[], Coroutine[Any, Any, Any]]) -> Style:
    """Make a style of a coroutine that is run inside the tenant."""

    def style(tenant: TenantInfo) -> Any:
        async def inside() -> Any:
            with use(tenant):
                return await asyncio.wait_for(function(), PATIENCE)

        return asyncio.run(inside())

    return style


async def seen_later() -> str | None:
    await asyncio.sleep(0)
    return probe()


async def in_a_task() -> str | None:
    return await asyncio.create_task(seen_later())


async def in_a_gathering() -> str | None:
    first, second = await asyncio.gather(seen_later(), seen_later())
    return first if first == second else "differs"


async def in_a_group() -> str | None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(seen_later())
    return task.result()


async def in_a_task_that_outlives_the_block() -> str | None:
    with use(current()):
        task = asyncio.create_task(seen_later())
    return await task


async def told_by(schedule: Callable[[Callable[[], None]], Any]) -> str | None:
    told = asyncio.get_running_loop().create_future()
    schedule(lambda: told.set_result(probe()))
    return await told


async def called_soon() -> str | None:
    return await told_by(asyncio.get_running_loop().call_soon)


async def called_later() -> str | None:
    loop = asyncio.get_running_loop()
    return await told_by(lambda function: loop.call_later(0, function))


async def called_soon_threadsafe() -> str | None:
    return await told_by(asyncio.get_running_loop().call_soon_threadsafe)


async def called_when_done() -> str | None:
    def schedule(function: Callable[[], None]) -> None:
        task = asyncio.create_task(asyncio.sleep(0))
        task.add_done_callback(lambda _task: function())

    return await told_by(schedule)


async def to_a_thread() -> str | None:
    return await asyncio.to_thread(probe)


async def in_our_executor_of_the_loop() -> str | None:
    with TenantExecutor(1) as threads:
        return await asyncio.get_running_loop().run_in_executor(threads, probe)


async def in_the_sensitive_thread() -> str | None:
    return await sync_to_async(probe, thread_sensitive=True)()


async def in_any_thread() -> str | None:
    return await sync_to_async(probe, thread_sensitive=False)()


async def there_and_back() -> str | None:
    return await sync_to_async(async_to_sync(seen_later))()


def from_sync_to_async(tenant: TenantInfo) -> str | None:
    with use(tenant):
        return async_to_sync(in_the_sensitive_thread)()


def in_a_bound_coroutine(tenant: TenantInfo) -> str | None:
    with use(tenant):
        later = bind(seen_later)
    with use_control():
        return asyncio.run(later())


def in_a_decorated_coroutine(tenant: TenantInfo) -> str | None:
    return asyncio.run(use(tenant)(seen_later)())


KEEP: dict[str, Style] = {
    "call": called,
    "decorator": decorated,
    "bind": bound,
    "copy_context": in_a_copy,
    "TenantThread": in_a_tenant_thread,
    "TenantExecutor.submit": in_a_tenant_executor,
    "TenantExecutor.map": in_a_tenant_executors_map,
    "await": on_a_loop(seen_later),
    "create_task": on_a_loop(in_a_task),
    "gather": on_a_loop(in_a_gathering),
    "TaskGroup": on_a_loop(in_a_group),
    "create_task, then leave": on_a_loop(in_a_task_that_outlives_the_block),
    "call_soon": on_a_loop(called_soon),
    "call_later": on_a_loop(called_later),
    "call_soon_threadsafe": on_a_loop(called_soon_threadsafe),
    "add_done_callback": on_a_loop(called_when_done),
    "to_thread": on_a_loop(to_a_thread),
    "run_in_executor, ours": on_a_loop(in_our_executor_of_the_loop),
    "sync_to_async": on_a_loop(in_the_sensitive_thread),
    "sync_to_async, any thread": on_a_loop(in_any_thread),
    "async_to_sync in sync_to_async": on_a_loop(there_and_back),
    "async_to_sync": from_sync_to_async,
    "decorated coroutine": in_a_decorated_coroutine,
    "bound coroutine": in_a_bound_coroutine,
}


# Styles that begin in none


def in_a_thread(tenant: TenantInfo) -> str | None:
    seen: list[str | None] = []
    with use(tenant):
        thread = threading.Thread(target=lambda: seen.append(probe()))
        thread.start()
        thread.join(PATIENCE)
    return seen[0]


def in_a_timer(tenant: TenantInfo) -> str | None:
    seen: list[str | None] = []
    with use(tenant):
        thread = threading.Timer(0, lambda: seen.append(probe()))
        thread.start()
        thread.join(PATIENCE)
    return seen[0]


def in_a_bare_executor(tenant: TenantInfo) -> str | None:
    with use(tenant), ThreadPoolExecutor(1) as threads:
        return threads.submit(probe).result(PATIENCE)


def in_an_empty_context(tenant: TenantInfo) -> str | None:
    with use(tenant):
        return contextvars.Context().run(probe)


def after_a_job(tenant: TenantInfo) -> str | None:
    """Look from a callback, which runs in the pool's thread behind the job."""
    told: Future[str | None] = Future()
    go = threading.Event()
    with use(tenant), TenantExecutor(1) as threads:
        job = threads.submit(go.wait, PATIENCE)
        job.add_done_callback(lambda _job: told.set_result(probe()))
        go.set()
        return told.result(PATIENCE)


async def in_the_loops_own_executor() -> str | None:
    return await asyncio.get_running_loop().run_in_executor(None, probe)


async def in_a_task_of_an_empty_context() -> str | None:
    return await asyncio.create_task(seen_later(), context=contextvars.Context())


async def asked_by_a_bare_thread() -> str | None:
    loop = asyncio.get_running_loop()

    def schedule(function: Callable[[], None]) -> None:
        threading.Thread(target=loop.call_soon_threadsafe, args=[function]).start()

    return await told_by(schedule)


def in_a_task_from_before(tenant: TenantInfo) -> str | None:
    async def inside() -> str | None:
        entered = asyncio.Event()

        async def waiting() -> str | None:
            await entered.wait()
            return probe()

        task = asyncio.create_task(waiting())
        with use(tenant):
            entered.set()
            return await task

    return asyncio.run(inside())


NONE: dict[str, Style] = {
    "Thread": in_a_thread,
    "Timer": in_a_timer,
    "ThreadPoolExecutor": in_a_bare_executor,
    "Context().run": in_an_empty_context,
    "a callback behind a job": after_a_job,
    "run_in_executor": on_a_loop(in_the_loops_own_executor),
    "create_task(context=Context())": on_a_loop(in_a_task_of_an_empty_context),
    "call_soon_threadsafe of a bare thread": on_a_loop(asked_by_a_bare_thread),
    "create_task before": in_a_task_from_before,
}


@pytest.mark.parametrize("style", KEEP)
def test_this_style_keeps_the_tenant_of_its_start(acme, globex, style: str) -> None:
    for tenant in (acme, globex, acme):
        assert KEEP[style](tenant) == tenant.schema_name
        assert current_or_none() is None


@pytest.mark.parametrize("style", KEEP)
def test_this_style_keeps_its_tenant_inside_another(acme, globex, style: str) -> None:
    with use(globex):
        assert KEEP[style](acme) == acme.schema_name
        assert current() == globex
        assert sent() == globex.schema_name


@pytest.mark.parametrize("style", NONE)
def test_this_style_begins_in_none_and_sends_nothing(acme, style: str) -> None:
    assert NONE[style](acme) is None
    assert current_or_none() is None


@pytest.mark.parametrize("style", [*KEEP, *NONE])
def test_two_threads_in_one_style_do_not_mix(acme, globex, style: str) -> None:
    """Both at once; a style that shares threads or a loop would show it."""
    function = {**KEEP, **NONE}[style]
    start = threading.Barrier(2)

    def work(tenant: TenantInfo) -> set[Any]:
        start.wait(PATIENCE)
        return {function(tenant) for _round in range(3)}

    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(work, tenant) for tenant in (acme, globex)]
        found = [job.result(4 * PATIENCE) for job in jobs]
    expected = [{t.schema_name} if style in KEEP else {None} for t in (acme, globex)]
    assert found == expected


def test_tasks_of_two_tenants_on_one_loop_keep_to_their_own(acme, globex) -> None:
    async def work(tenant: TenantInfo, turns: int) -> set[str | None]:
        seen = set()
        with use(tenant):
            for turn in range(turns):
                await asyncio.sleep(0)
                seen.add(where())
                if turn % 5 == 0:
                    seen.add(await sync_to_async(sent, thread_sensitive=False)())
                if turn % 7 == 0:
                    seen.add(await sync_to_async(sent)())
        return seen | ({"left"} if where() is None else set())

    async def together() -> list[set[str | None]]:
        return await asyncio.gather(
            *(work(tenant, 20) for tenant in (acme, globex) * 4)
        )

    assert asyncio.run(together()) == [
        {tenant.schema_name, "left"} for tenant in (acme, globex) * 4
    ]


def test_a_cancelled_task_ends_in_its_tenant_and_leaves_nothing(acme, globex) -> None:
    ends: list[str | None] = []

    async def work() -> None:
        try:
            with use(acme):
                try:
                    await asyncio.sleep(PATIENCE)
                finally:
                    ends.append(await sync_to_async(sent)())
        finally:
            ends.append(where())

    async def cancelled() -> str | None:
        with use(globex):
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return where()

    assert asyncio.run(cancelled()) == globex.schema_name
    assert ends == [acme.schema_name, globex.schema_name]


@pytest.mark.django_db(transaction=True)
def test_a_thread_of_a_tenant_that_was_stopped_meanwhile_reaches_nothing(acme):
    errors: list[BaseException] = []

    def work() -> None:
        try:
            sent()
        except ContextApplyError as error:
            errors.append(error)

    with use(acme):
        thread = TenantThread(target=work)
    with use_control():
        row = Tenant.objects.get(slug="acme")
    change_state(row, State.SUSPENDED, reason="Unpaid.", by="operator")
    thread.start()
    thread.join(PATIENCE)
    assert [error.status for error in errors] == [503]


# Generators: Python gives them no context of their own


def rows(tenant: TenantInfo) -> Iterator[str | None]:
    """Enter a tenant and yield inside, as nobody should."""
    with use(tenant):
        yield sent()


@contextmanager
def block(tenant: TenantInfo) -> Iterator[None]:
    with use(tenant):
        yield


def rows_of_a_block(tenant: TenantInfo) -> Iterator[str | None]:
    with block(tenant):
        yield sent()


def rows_of_a_stack(tenant: TenantInfo) -> Iterator[str | None]:
    with ExitStack() as stack:
        stack.enter_context(use(tenant))
        yield sent()


def rows_of_a_row(tenant: TenantInfo) -> Iterator[str | None]:
    with upstream.Context(tenant):
        yield sent()


def rows_of_control(tenant: TenantInfo) -> Iterator[str | None]:
    with use_control():
        yield tenant.slug


def rows_of_rows(tenant: TenantInfo) -> Iterator[str | None]:
    yield from rows(tenant)


def delegated(tenant: TenantInfo) -> Iterator[str | None]:
    return map(str, rows(tenant))


class Unit:
    """A class that is a block."""

    def __init__(self, tenant: TenantInfo) -> None:
        self.block = use(tenant)

    def __enter__(self) -> None:
        self.block.__enter__()

    def __exit__(self, *error: object) -> None:
        self.block.__exit__(*error)


def rows_of_a_class(tenant: TenantInfo) -> Iterator[str | None]:
    with Unit(tenant):
        yield sent()


def rows_of_a_connection(tenant: TenantInfo) -> Iterator[str | None]:
    connection.set_tenant(tenant)
    yield sent()


async def later(tenant: TenantInfo) -> AsyncIterator[str | None]:
    with use(tenant):
        yield where()


def read_later(tenant: TenantInfo) -> Iterator[str | None]:
    """Read the asynchronous one, and see that its reader has not been moved."""

    async def read() -> list[str | None]:
        before = where()
        try:
            return [part async for part in later(tenant)]
        finally:
            assert where() == before

    return iter(asyncio.run(read()))


GENERATORS = [
    rows,
    rows_of_a_block,
    rows_of_a_stack,
    rows_of_a_row,
    rows_of_control,
    rows_of_a_class,
    rows_of_a_connection,
    rows_of_rows,
    delegated,
    read_later,
]


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generator_cannot_leave_its_reader_in_a_tenant(
    acme, globex, generator
) -> None:
    with pytest.raises(TypeError, match="is a generator"):
        next(generator(acme))
    assert current_or_none() is None
    assert sent() is None
    with use(globex):
        with pytest.raises(TypeError, match="is a generator"):
            next(generator(acme))
        assert sent() == globex.schema_name


def test_a_generator_may_call_what_enters_a_tenant(acme, globex) -> None:
    @use(acme)
    def decorated() -> str | None:
        return sent()

    def called() -> str | None:
        with use(acme):
            return sent()

    def rows() -> Iterator[str | None]:
        yield called()
        yield decorated()
        yield bound()

    with use(acme):
        bound = bind(sent)
    with use(globex):
        for schema in rows():
            assert schema == acme.schema_name
            assert sent() == globex.schema_name


def test_a_block_and_a_fixture_may_yield_inside(acme, in_acme) -> None:
    assert sent() == acme.schema_name
    for entered in (block, Unit, upstream.Context):
        with entered(acme):
            assert sent() == acme.schema_name


def test_a_generator_cannot_be_decorated(acme) -> None:
    for generator in (rows, later):
        for enter in (use(acme), use_control()):
            with pytest.raises(TypeError, match="is a generator"):
                enter(generator)
        with use(acme), pytest.raises(TypeError, match="is a generator"):
            bind(generator)


class Later:
    """An object that is called as a coroutine function is."""

    async def __call__(self) -> str | None:
        await asyncio.sleep(0)
        return where()


def later_or_now(function: Callable[[], Any]) -> Any:
    return function()


@pytest.mark.parametrize("enter", [use, serving])
def test_a_coroutine_is_inside_to_its_end_however_it_is_written(
    acme, globex, enter
) -> None:
    with use(acme):
        bound = bind(Later())

    async def all_of_them() -> list[str | None]:
        return [await enter(acme)(Later())(), await bound()]

    with use(globex):
        assert asyncio.run(all_of_them()) == [acme.schema_name] * 2
        with pytest.raises(TypeError, match="returns a coroutine"):
            enter(acme)(lambda: later_or_now(Later()))()
        with pytest.raises(TypeError, match="is a generator"):
            enter(acme)(rows)


# A thread that goes on when its coroutine has given up


def busy(go_on: threading.Event, block: Any) -> None:
    with block:
        go_on.wait(PATIENCE)


def cut_off(acme: TenantInfo, block: Any, *, thread_sensitive: bool) -> list[Any]:
    """Return where a coroutine of acme is once it gave up a thread in a block."""
    go_on = threading.Event()

    async def given_up() -> list[Any]:
        work = sync_to_async(busy, thread_sensitive=thread_sensitive)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await work(go_on, block)
        return [where()]

    async def main() -> list[Any]:
        with upstream.Context(acme):
            seen = await given_up()
            go_on.set()
            await asyncio.sleep(0.01)
            seen.append(where())
        return [*seen, where()]

    return asyncio.run(main())


@pytest.mark.parametrize("thread_sensitive", [True, False])
@pytest.mark.parametrize("block_of", [use, upstream.Context, None])
def test_a_coroutine_that_gave_a_thread_up_is_where_it_was(
    acme, globex, block_of, thread_sensitive
) -> None:
    block = block_of(globex) if block_of else use_control()
    seen = cut_off(acme, block, thread_sensitive=thread_sensitive)
    assert seen == [acme.schema_name, acme.schema_name, None]


def test_without_the_care_it_would_be_where_the_thread_is(
    acme, globex, monkeypatch
) -> None:
    """The negative control: asgiref as it is."""
    monkeypatch.setattr(sync, handing_back.NAME, handing_back._restore)
    seen = cut_off(acme, use(globex), thread_sensitive=False)
    assert seen[0] == globex.schema_name


def test_what_a_thread_sets_for_good_is_handed_back(acme) -> None:
    async def main() -> str | None:
        await sync_to_async(connection.set_tenant)(acme)
        return where()

    assert asyncio.run(main()) == acme.schema_name


def test_without_the_refusal_a_reader_would_be_in_the_tenant(acme, monkeypatch) -> None:
    """The negative control: Python as it is."""
    monkeypatch.setattr(entering, "refuse_generators", lambda frame: None)
    reading = rows(acme)
    next(reading)
    assert sent() == acme.schema_name
    reading.close()
