"""Tasks that tell in which context they ran: in memory, and in the broker."""

from typing import Any

from celery import shared_task
from django.db import connection
from django.utils import translation

from config.tasks import broker
from tenants.context import context_uuid


def tell(word: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = cursor.fetchone()[0]
    line = f"{context_uuid()} {schema} {translation.get_language()}"
    remember.seen.append(line)
    with broker() as client:
        client.rpush(f"told:{word}", line)
        client.expire(f"told:{word}", 60)
    return line


@shared_task(name="tests.remember")
def remember(word: str) -> str:
    return tell(word)


@shared_task(name="tests.remember_control", control=True)
def remember_control(word: str) -> str:
    return tell(word)


memory: Any = remember
memory.seen = []
