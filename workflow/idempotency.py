"""Ask the same thing twice and it happens once: the header `Idempotency-Key`.

The first answer to a POST is kept for GOFLOW_IDEMPOTENCY_TTL seconds, by person,
route and key, and given again with `Idempotent-Replayed: true`. A refusal changed
nothing, so it is not kept: a repeat is tried anew.
"""

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from kernel import clock
from workflow import conf
from workflow.errors import IdempotencyKeyInvalid, IdempotencyKeyReused, StillRunning
from workflow.models import IdempotencyKey

LONGEST_KEY: Final = 255
#: A first request that runs for longer has died.
MOST_TIME: Final = timedelta(minutes=2)

View = Callable[..., Any]


def idempotent(view: View) -> View:
    """Let an operation of the API honour the header; it answers with a dictionary.

    The caller gets 400 for a key that cannot be one, 422 where it came with another
    body before, and 409 while the first request is still under way.
    """

    @functools.wraps(view)
    def once(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = key_of(request)
        if key is None:
            return view(request, *args, **kwargs)
        row = first_or_kept(request, key)
        if row.status is not None:
            return replayed(row)
        try:
            answer = view(request, *args, **kwargs)
        except BaseException:
            row.delete()
            raise
        row.status, row.answer = 200, answer
        row.save(update_fields=["status", "answer"])
        return answer

    return once


def key_of(request: HttpRequest) -> str | None:
    """Return the key of a request, or None. Raises IdempotencyKeyInvalid."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyInvalid
    return key


def first_or_kept(request: HttpRequest, key: str) -> IdempotencyKey:
    """Return the row of a key: new, without a status, or with the answer to repeat.

    Raises IdempotencyKeyReused and StillRunning.
    """
    now, body_hash = clock.now(), hashlib.sha256(request.body).hexdigest()
    person: Any = request.user
    mine = IdempotencyKey.objects.filter(user=person)
    kept_for = timedelta(seconds=int(conf.value("GOFLOW_IDEMPOTENCY_TTL")))
    with transaction.atomic():
        mine.filter(created_at__lt=now - kept_for).delete()
        row, is_new = mine.get_or_create(
            user=person,
            route=f"{request.method} {request.path}"[:LONGEST_KEY],
            key=key,
            defaults={"body_hash": body_hash, "created_at": now},
        )
    if is_new:
        return row
    if row.body_hash != body_hash:
        raise IdempotencyKeyReused
    if row.status is None:
        take_over(row)
    return row


def take_over(row: IdempotencyKey) -> None:
    """Begin again where the first request died. Raises StillRunning where it did not.

    Of two that try, one does.
    """
    now = clock.now()
    dead = IdempotencyKey.objects.filter(
        pk=row.pk, status=None, created_at__lt=now - MOST_TIME
    )
    if not dead.update(created_at=now):
        raise StillRunning(headers={"Retry-After": "1"})


def replayed(row: IdempotencyKey) -> HttpResponse:
    """Return the first answer again."""
    return JsonResponse(
        row.answer, status=row.status, headers={"Idempotent-Replayed": "true"}
    )
