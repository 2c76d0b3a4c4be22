"""A worker that dies at any moment loses no mail, and a double can be told as one.

The workers are real processes, killed by the system; the server is a real one, whose
questions and answers are the moments.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts import mail
from accounts.mail import outbox
from accounts.models import MailMessage
from kernel import clock
from tenants import tasks
from tenants.context import TenantInfo, use, use_control
from tests import twins
from tests.tenants import worker
from tests.tenants.worker import Worker

State = MailMessage.State
PATIENCE = 20.0

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def empty(transactional_db) -> TenantInfo:
    tenant = twins.info("acme")
    with use(tenant):
        MailMessage.objects.all().delete()
    return tenant


def put(tenant: TenantInfo, count: int = 1) -> None:
    with use(tenant), transaction.atomic():
        for number in range(count):
            mail.put(
                "accounts/reset_code",
                to=f"person{number}@acme.test",
                context={"minutes": 10},
                secret_context={"code": "K7MPXW"},
            )


@contextmanager
def working(tenant: TenantInfo, port: int) -> Iterator[Worker]:
    """Start a worker that has been told of the tenant's mails."""
    mail_settings = {
        "EMAIL_DELIVERY_PROVIDER": "smtp",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
    }
    with worker.running(**mail_settings) as running:
        tasks.run_now.delay(str(tenant.uuid))
        yield running


def until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up, "it did not come to that"
        time.sleep(0.02)


def states(tenant: TenantInfo) -> list[str]:
    with use(tenant):
        rows = MailMessage.objects.order_by("id")
        return list(rows.values_list("state", flat=True))


def another_worker_comes(tenant: TenantInfo) -> None:
    """Send what is due when every lease is over, in this process."""
    with use(tenant), clock.frozen(clock.now() + outbox.LEASE + timedelta(seconds=1)):
        outbox.run_due(100)
    connection.close()


def ids(smtp) -> list[str]:
    return [smtp.message(n)["Message-ID"] for n in range(len(smtp.taken))]


def test_w18_killed_after_the_claim_the_mail_is_sent_by_another(empty, smtp):
    put(empty)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        working(empty, silent.getsockname()[1]) as doomed,
    ):
        line, _ = silent.accept()
        assert states(empty) == [State.SENDING]
        doomed.process.kill()
        doomed.process.wait()
        line.close()
    assert states(empty) == [State.SENDING]
    another_worker_comes(empty)
    assert states(empty) == [State.SENT]
    assert len(smtp.taken) == 1


def test_w18_killed_before_the_server_answered_the_mail_is_sent_by_another(empty, smtp):
    put(empty)
    dead = threading.Event()
    begun = threading.Event()

    def wait_for_death(count: int) -> None:
        begun.set()
        assert dead.wait(PATIENCE)

    smtp.before = wait_for_death
    with working(empty, smtp.port) as doomed:
        assert begun.wait(PATIENCE)
        doomed.process.kill()
        doomed.process.wait()
        dead.set()
    assert (states(empty), smtp.taken) == ([State.SENDING], [])
    smtp.before = lambda count: None
    another_worker_comes(empty)
    assert states(empty) == [State.SENT]
    assert len(smtp.taken) == 1


def test_w18_killed_between_the_servers_yes_and_the_commit_the_double_is_known(
    empty, smtp
):
    put(empty)
    with use(empty):
        pk = MailMessage.objects.get().pk
    holding = threading.Event()
    release = threading.Event()

    def hold_the_row() -> None:
        """Keep the worker from writing down what it did."""
        with use(empty), transaction.atomic():
            MailMessage.objects.select_for_update().get(pk=pk)
            holding.set()
            assert release.wait(PATIENCE)
        connection.close()

    holder = threading.Thread(target=hold_the_row)

    def hold_first(count: int) -> None:
        holder.start()
        assert holding.wait(PATIENCE)

    smtp.before = hold_first
    with working(empty, smtp.port) as doomed:
        until(lambda: len(smtp.taken) == 1)
        # The answer is out; the worker waits for the row.
        until(waits_for_a_lock)
        doomed.process.kill()
        doomed.process.wait()
    release.set()
    holder.join()
    smtp.before = lambda count: None
    assert states(empty) == [State.SENDING]
    another_worker_comes(empty)
    assert states(empty) == [State.SENT]
    first, second = ids(smtp)
    assert first == second


def waits_for_a_lock() -> bool:
    with use_control(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND query LIKE 'UPDATE%%mailmessage%%'"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("death", [1, 7, 13])
def test_w18_killed_in_the_middle_of_many_every_mail_arrives(empty, smtp, death):
    put(empty, 20)
    dead = threading.Event()

    def die(count: int) -> None:
        if count == death and not dead.is_set():
            doomed[0].process.kill()
            doomed[0].process.wait()
            dead.set()

    doomed: list[Worker] = []
    smtp.before = die
    with working(empty, smtp.port) as running:
        doomed.append(running)
        assert dead.wait(PATIENCE)
    another_worker_comes(empty)
    assert states(empty) == [State.SENT] * 20
    reached = {envelope.rcpt_tos[0] for envelope in smtp.taken}
    assert len(reached) == len(set(ids(smtp))) == 20
    assert len(smtp.taken) <= 21
    with use(empty):
        assert not MailMessage.objects.filter(secret_context__isnull=False).exists()
