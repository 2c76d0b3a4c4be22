"""Tasks that tell in which context they ran: in memory, and in the broker."""

import logging
import time
from typing import Any

from celery import shared_task, signals
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone, translation

from config.celery import app
from config.tasks import broker
from tenants.context import current, current_or_none, use_control

logger = logging.getLogger(__name__)

KEPT_SECONDS = 60


def key(kind: str, word: str) -> str:
    """Return where a word lies, in the corner of the worker that runs now."""
    corner = app.conf.broker_transport_options.get("global_keyprefix", "")
    return f"{corner}{kind}:{word}"


def put(name: str, line: str) -> None:
    with broker() as client:
        client.rpush(name, line)
        client.expire(name, KEPT_SECONDS)


def told(word: str, *, within: float = 15) -> str | None:
    """Return what a task told under a word, or None if it did not in time."""
    with broker() as client:
        found = client.blpop([key("told", word)], timeout=within)
    return found[1].decode() if found else None


def all_told(word: str) -> list[str]:
    """Return all that was told under a word and not yet heard."""
    with broker() as client:
        return [line.decode() for line in client.lrange(key("told", word), 0, -1)]


def let(word: str) -> None:
    """Let a task that waits for this word go on."""
    put(key("let", word), "go")


def wait_for(word: str) -> None:
    with broker() as client:
        client.blpop([key("let", word)], timeout=10)


def where() -> tuple[str, str]:
    """Return the schema and role that the database works with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        return cursor.fetchone()


def tell(word: str, more: str = "") -> str:
    schema, _role = where()
    line = f"{current().uuid} {schema} {translation.get_language()}{more}"
    logger.info("tests.told")
    remember.seen.append(line)
    put(key("told", word), line)
    return line


@shared_task(name="tests.remember")
def remember(word: str) -> str:
    return tell(word)


@shared_task(name="tests.remember_also_past_due", while_past_due=True)
def remember_also_past_due(word: str) -> str:
    return tell(word)


@shared_task(name="tests.remember_control", plane="control")
def remember_control(word: str) -> str:
    return tell(word)


@shared_task(name="tests.remember_place")
def remember_place(word: str) -> str:
    """Tell the time zone too."""
    return tell(word, f" {timezone.get_current_timezone_name()}")


@shared_task(name="tests.pass_on", ignore_result=False)
def pass_on(word: str, *_before: Any) -> str:
    """Tell, and give the word to what follows."""
    tell(word)
    return word


@shared_task(name="tests.follow")
def follow(before: Any, word: str) -> str:
    return tell(word, f" after {before}")


@shared_task(name="tests.come_again", bind=True)
def come_again(self: Any, word: str) -> str:
    if not self.request.retries:
        raise self.retry(countdown=0)
    return tell(word)


@shared_task(name="tests.fail")
def fail(word: str) -> None:
    tell(word)
    raise ArithmeticError(word)


@shared_task(name="tests.failed")
def failed(request: Any, error: Exception, traceback: Any, word: str) -> None:
    """Take a failure, as Celery calls it where the task has failed."""
    tell(word, f" {type(error).__name__}")


@shared_task(name="tests.failed_by_id")
def failed_by_id(task_id: str) -> None:
    """Take a failure, as Celery publishes it."""
    tell(f"failed:{task_id}")


@shared_task(name="tests.after_commit")
def after_commit(word: str) -> None:
    with transaction.atomic():
        transaction.on_commit(lambda: remember.delay(word))
        Group.objects.get_or_create(name=word)


@shared_task(name="tests.leave_it_so")
def leave_it_so(word: str) -> None:
    """Enter another context by the interface of django-tenants, and leave it so."""
    connection.set_schema_to_public()
    translation.activate("de")
    tell(word)


@shared_task(name="tests.wait")
def wait(word: str) -> None:
    """Tell, wait for the word, and read."""
    tell(word)
    wait_for(word)
    tell(word, f" {Group.objects.count()}")


@shared_task(name="tests.take_too_long", soft_time_limit=1)
def take_too_long(word: str) -> None:
    tell(word)
    with transaction.atomic():
        time.sleep(30)


@shared_task(name="tests.compare")
def compare(word: str, rounds: int) -> None:
    """Count how often the database works for another one than the context says."""
    own = current()
    wrong = 0
    for number in range(rounds):
        wrong += where() != (own.schema_name, own.db_role)
        with transaction.atomic():
            wrong += where() != (own.schema_name, own.db_role)
            transaction.set_rollback(bool(number % 2))
        with use_control():
            wrong += where()[0] != "public"
    tell(word, f" {wrong}")


@shared_task(name="tests.processes")
def processes(word: str) -> None:
    """Tell which process of the database serves this one of ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        put(key("told", word), str(cursor.fetchone()[0]))


@signals.task_prerun.connect
@signals.task_postrun.connect
def look(signal: Any, task: Any, **_more: Any) -> None:
    """Note a context that stands around a task; an eager one has its caller's."""
    if current_or_none() is not None and not task.request.is_eager:
        put(key("told", "left"), f"{signal} {task.request.id}")


memory: Any = remember
memory.seen = []
