"""Ask the same thing twice and it happens once: the header `Idempotency-Key`.

The first answer to a POST is kept for GOFLOW_IDEMPOTENCY_TTL seconds, by person,
route and key, and given again with `Idempotent-Replayed: true`. A refusal changed
nothing, so it is not kept: a repeat is tried anew. What is past its time is deleted
as a due source of the tenant, and by the next request of the same person.

The key of a start is kept with its instance too, for good: it never starts twice.
"""

import functools
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from kernel import clock
from workflow import conf
from workflow.errors import IdempotencyKeyInvalid, IdempotencyKeyReused, StillRunning
from workflow.models import IdempotencyKey

LONGEST_KEY: Final = 255
#: A first request that runs for longer has died.
MOST_TIME: Final = timedelta(minutes=2)
#: A tenant is not woken for each answer that is past its time.
PAUSE: Final = timedelta(hours=1)

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
        # A row that is gone meanwhile, or that another request has taken over since
        # this one ran for too long, is left alone; the answer stands.
        own = IdempotencyKey.objects.filter(pk=row.pk, created_at=row.created_at)
        try:
            answer = view(request, *args, **kwargs)
        except BaseException:
            own.delete()
            raise
        own.update(status=200, answer=answer)
        return answer

    # The document of the API says so.
    once.is_idempotent = True  # type: ignore[attr-defined]
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
    with transaction.atomic():
        mine.filter(outdated()).delete()
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
    row.created_at = now


def replayed(row: IdempotencyKey) -> HttpResponse:
    """Return the first answer again."""
    return JsonResponse(
        row.answer, status=row.status, headers={"Idempotent-Replayed": "true"}
    )


# What is past its time


def kept_for() -> timedelta:
    return timedelta(seconds=int(conf.value("GOFLOW_IDEMPOTENCY_TTL")))


def outdated() -> Q:
    """Return which answers are past their time; none whose request is under way."""
    now = clock.now()
    has_ended = Q(status__isnull=False) | Q(created_at__lt=now - MOST_TIME)
    return Q(created_at__lt=now - kept_for()) & has_ended


def run_due(limit: int) -> int:
    """Delete so many answers that are past their time; for TENANT_DUE_SOURCES.

    Of two that delete at once, each takes others.
    """
    with transaction.atomic():
        old: QuerySet[IdempotencyKey] = IdempotencyKey.objects.filter(outdated())
        free = old.order_by("created_at").select_for_update(skip_locked=True)
        gone = IdempotencyKey.objects.filter(pk__in=free.values("pk")[:limit])
        return gone.delete()[0]


def due_instants() -> list[QuerySet[Any]]:
    """Return the query of when some will be past their time; for TENANT_DUE_SOURCES."""
    oldest = IdempotencyKey.objects.order_by("created_at")
    at = F("created_at") + (kept_for() + PAUSE)
    return [oldest.annotate(at=at).values_list("at")[:1]]
