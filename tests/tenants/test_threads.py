"""Threads, pools of threads and child processes: whose context they have."""

import multiprocessing  # noqa: TID251 - shows what another process begins with
import os
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.local import Local
from django.db import connection, connections, transaction
from django.utils import translation

from accounts.models import User
from tenants import context
from tenants.carrying import forks
from tenants.carrying.threads import TenantExecutor, TenantThread
from tenants.context import (
    CONTROL,
    NoTenantError,
    adopt,
    bind,
    current,
    current_or_none,
    use,
    use_control,
)
from tests.concurrency.racing import race

PATIENCE = 10


def schema() -> str:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT current_schema()").fetchone()[0]


def ended(thread: threading.Thread) -> None:
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def outcome(function) -> object:
    """Return what a function returns, or the class of its error."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - the error is the answer
        return type(error)
    finally:
        connections.close_all()


# CTX-2: a bare thread has nothing


def test_a_bare_thread_cannot_send_a_statement(acme) -> None:
    seen = []
    with use(acme):
        ended(threading.Thread(target=lambda: seen.append(outcome(schema))))
    assert seen == [NoTenantError]


def test_a_bare_pool_cannot_send_a_statement(acme) -> None:
    with use(acme), ThreadPoolExecutor(1) as threads:
        assert threads.submit(outcome, schema).result(PATIENCE) is NoTenantError


def test_a_timer_has_no_context(acme) -> None:
    seen = []
    with use(acme):
        ended(threading.Timer(0, lambda: seen.append(current_or_none())))
    assert seen == [None]


# CTX-4: TenantThread


def test_a_tenant_thread_works_for_the_tenant_of_its_construction(acme, globex) -> None:
    seen = []
    with use(acme):
        thread = TenantThread(target=lambda: seen.append(schema()))
    with use(globex):
        ended(thread)
    assert seen == [acme.schema_name]


def test_a_tenant_thread_of_the_control_plane_stays_in_it(db) -> None:
    seen = []
    with use_control():
        thread = TenantThread(target=lambda: seen.append(current()))
    ended(thread)
    assert seen == [CONTROL]


def test_a_tenant_thread_without_a_context_cannot_be_made() -> None:
    with pytest.raises(NoTenantError):
        TenantThread(target=print)


def test_a_subclass_with_a_run_of_its_own_works_for_the_tenant(acme) -> None:
    class Sender(TenantThread):
        def run(self) -> None:
            self.sent = schema()

    with use(acme):
        sender = Sender()
    ended(sender)
    assert sender.sent == acme.schema_name


def test_a_tenant_thread_leaves_no_connection_open(acme) -> None:
    opened = []

    def work() -> None:
        schema()
        opened.append(connection.connection)
        assert not connection.connection.closed

    with use(acme):
        ended(TenantThread(target=work))
    assert opened[0].closed


def test_a_tenant_thread_that_fails_leaves_no_connection_open(
    acme, monkeypatch
) -> None:
    opened, faults = [], []
    monkeypatch.setattr(threading, "excepthook", lambda args: faults.append(args[0]))

    def work() -> None:
        schema()
        opened.append(connection.connection)
        raise ZeroDivisionError

    with use(acme):
        ended(TenantThread(target=work))
    assert (faults, opened[0].closed) == ([ZeroDivisionError], True)


def test_threads_of_two_tenants_meet_and_do_not_mix(acme, globex) -> None:
    barrier = threading.Barrier(2)
    seen = {}

    def work(slug: str) -> None:
        for _round in range(20):
            barrier.wait(PATIENCE)
            found = (current().slug, schema())
            seen.setdefault(slug, set()).add(found)

    threads = []
    for tenant in (acme, globex):
        with use(tenant):
            threads.append(TenantThread(target=work, args=[tenant.slug]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == {t.slug: {(t.slug, t.schema_name)} for t in (acme, globex)}


def test_nested_contexts_and_errors_in_two_threads_return_to_their_own(
    acme, globex
) -> None:
    def inside(other):
        def work() -> list[str]:
            seen = [current().slug]
            for _round in range(20):
                try:
                    with use(other):
                        seen.append(schema())
                        seen.append(1 / 0)
                except ZeroDivisionError:
                    seen.append(schema())
            return seen

        return work

    results = {}

    def run(tenant, other) -> None:
        with use(tenant):
            results[tenant.slug] = outcome(inside(other))

    threads = [
        threading.Thread(target=run, args=pair)
        for pair in ((acme, globex), (globex, acme))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert results == {
        "acme": ["acme", *[globex.schema_name, acme.schema_name] * 20],
        "globex": ["globex", *[acme.schema_name, globex.schema_name] * 20],
    }


# CTX-4: TenantExecutor


def test_a_job_works_for_the_tenant_that_submits_it(acme, globex) -> None:
    with TenantExecutor(1) as threads:
        with use(acme):
            mine = threads.submit(schema)
        with use(globex):
            theirs = threads.submit(schema)
        assert mine.result(PATIENCE) == acme.schema_name
        assert theirs.result(PATIENCE) == globex.schema_name


def test_a_map_works_for_the_tenant_that_asks_for_it(acme) -> None:
    def found(number: int, word: str) -> tuple[int, str, str]:
        return number, word, schema()

    with TenantExecutor(2) as threads:
        with use(acme):
            rows = threads.map(found, [1, 2], "ab")
        assert list(rows) == [(1, "a", acme.schema_name), (2, "b", acme.schema_name)]


def test_a_job_without_a_context_is_not_taken() -> None:
    with TenantExecutor(1) as threads:
        with pytest.raises(NoTenantError):
            threads.submit(print)
        with pytest.raises(NoTenantError):
            threads.map(print, [1])


def test_a_pooled_thread_keeps_nothing_between_jobs(acme, globex) -> None:
    """A job leaves its tenant, its language and all that it set to nobody."""
    kept = Local()

    def careless() -> int:
        adopt(globex)
        translation.activate("de")
        kept.value = "of acme"
        return threading.get_ident()

    def look() -> tuple[object, ...]:
        return (
            threading.get_ident(),
            current(),
            translation.get_language(),
            getattr(kept, "value", None),
        )

    with use(acme), TenantExecutor(1) as threads:
        same = threads.submit(careless).result(PATIENCE)
        assert threads.submit(look).result(PATIENCE) == (same, acme, "en", None)
        bare = ThreadPoolExecutor.submit(threads, current_or_none)
        assert bare.result(PATIENCE) is None


@pytest.mark.parametrize("ends", ["well", "with an error", "in a transaction"])
def test_a_job_leaves_no_connection_open(acme, ends: str) -> None:
    opened = []

    def work() -> None:
        if ends == "in a transaction":
            transaction.set_autocommit(False)
        schema()
        opened.append(connection.connection)
        if ends == "with an error":
            raise ZeroDivisionError

    with use(acme), TenantExecutor(1) as threads:
        threads.submit(work).exception(PATIENCE)
        threads.submit(int).result(PATIENCE)  # the first job has ended by now
    assert [one.closed for one in opened] == [True]


def test_an_error_of_a_job_reaches_the_caller(acme) -> None:
    with use(acme), TenantExecutor(1) as threads:
        with pytest.raises(ZeroDivisionError):
            threads.submit(lambda: 1 / 0).result(PATIENCE)
        assert threads.submit(current).result(PATIENCE) == acme


def test_a_thread_that_was_not_ours_shows_what_the_pool_prevents(acme) -> None:
    """The negative control: without our pool, what a job adopts stays."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(adopt, acme).result(PATIENCE)
        assert threads.submit(current_or_none).result(PATIENCE) == acme


def test_a_bound_function_keeps_its_tenant_wherever_it_runs(acme, globex) -> None:
    with use(acme):
        mine = bind(schema)
    with use(globex):
        assert mine() == acme.schema_name
        assert schema() == globex.schema_name


@pytest.mark.django_db(transaction=True)
def test_two_races_of_two_tenants_write_only_their_own_rows(acme, globex) -> None:
    def rename(name: str):
        return lambda: User.objects.filter(username="bob").update(last_name=name)

    assert race(acme, rename("Acme A"), rename("Acme A")) == [1, 1]
    assert race(globex, rename("Globex G")) == [1]
    for tenant, name in ((acme, "Acme A"), (globex, "Globex G")):
        with use(tenant):
            assert User.objects.get(username="bob").last_name == name


# Child processes


def in_a_fork(question) -> str:
    """Return what a forked process answers, as text."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # Later Pythons warn of a fork beside threads; the child only looks and ends.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            os.write(write, repr(question()).encode())
        except BaseException as error:  # noqa: BLE001 - the parent tells it
            os.write(write, repr(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def test_a_forked_process_has_no_context(acme) -> None:
    with use(acme):
        assert in_a_fork(current_or_none) == "None"
        assert current() == acme


def test_a_forked_process_has_no_connection_of_its_parent(acme) -> None:
    def look() -> tuple[bool, str]:
        untouched = connection.connection is None
        with use(acme):
            mine = schema()
        connections.close_all()
        return untouched, mine

    with use(acme), connection.cursor() as cursor:
        mine = connection.connection
        cursor.execute("SELECT pg_backend_pid()")
        before = cursor.fetchone()
        assert in_a_fork(look) == repr((True, acme.schema_name))
        assert connection.connection is mine
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == before


def test_a_fork_that_begins_as_python_does_would_share_them(acme, monkeypatch) -> None:
    """The negative control: so it is our hook that takes them away."""

    def look() -> tuple[bool, bool]:
        return current() == acme, connection.connection is not None

    monkeypatch.setattr(forks, "begin", lambda: None)
    with use(acme):
        schema()
        assert in_a_fork(look) == "(True, True)"


def test_a_spawned_process_has_no_context(acme) -> None:
    with use(acme), multiprocessing.get_context("spawn").Pool(1) as processes:
        assert processes.apply_async(current_or_none).get(30) is None


def test_a_bound_function_cannot_be_sent_to_another_process(acme) -> None:
    with use(acme):
        mine = bind(schema)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(mine)


def test_context_has_no_second_variable() -> None:
    """CTX-1: what a context is, one ContextVar says."""
    from contextvars import ContextVar

    found = [n for n, v in vars(context).items() if isinstance(v, ContextVar)]
    assert found == ["_current"]
