"""Tasks that tell in which context they ran."""

from typing import Any

from celery import shared_task
from django.db import connection

from tenants.context import context_uuid


@shared_task(name="tests.remember")
def remember(word: str) -> str:
    remember.seen.append((word, context_uuid(), schema()))
    return str(context_uuid())


@shared_task(name="tests.remember_control", control=True)
def remember_control(word: str) -> str:
    remember.seen.append((word, context_uuid(), schema()))
    return str(context_uuid())


def schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return cursor.fetchone()[0]


memory: Any = remember
memory.seen = []
