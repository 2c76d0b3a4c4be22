"""The flow secret and the ticket of the last call, for Python code in sequence.

The seed's functions pass no secret from one call to the next; here one execution
context remembers it, per tenant, purpose and address. A request or a task begins with
an empty memory and gives the outer one back at its end.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from accounts.addresses import normalise_or_none
from tenants import context

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Memory:
    """What is remembered, since when, and what was remembered around it."""

    kept: "MappingProxyType[Key, str]" = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    #: The request or the task that began it; empty for code outside of both.
    within: str = ""
    outer: "Memory | None" = field(default=None, repr=False)


OUTSIDE = Memory()
_present: ContextVar[Memory] = ContextVar("accounts_memory", default=OUTSIDE)


def remember(purpose: str, email: str, secret: str) -> None:
    """Keep a secret for later calls of this execution context."""
    memory = _present.get()
    kept = {**memory.kept, _key(purpose, email): secret}
    _present.set(replace(memory, kept=MappingProxyType(kept)))


def recall(purpose: str, email: str) -> str:
    """Return the secret of this tenant, purpose and address, or an empty text."""
    return _present.get().kept.get(_key(purpose, email), "")


def forget() -> None:
    """Begin empty, for good."""
    _present.set(replace(_present.get(), kept=OUTSIDE.kept))


def _begin(within: str) -> None:
    memory = _present.get()
    # A request that never told its end is not kept as the outer one of the next.
    outer = memory.outer if memory.within == within else memory
    _present.set(Memory(within=within, outer=outer))


def _end(within: str) -> None:
    memory = _present.get()
    if memory.within == within and memory.outer is not None:
        _present.set(memory.outer)


def begin_request(**signal: Any) -> None:  # noqa: ARG001 - a receiver of Django's signal
    _begin("request")


def end_request(**signal: Any) -> None:  # noqa: ARG001 - as above
    _end("request")


def begin_task(*, task_id: str = "", **signal: Any) -> None:  # noqa: ARG001 - a receiver of Celery's signal
    _begin(f"task {task_id}")


def end_task(*, task_id: str = "", **signal: Any) -> None:  # noqa: ARG001 - as above
    _end(f"task {task_id}")


def _key(purpose: str, email: str) -> Key:
    return (str(context.context_uuid()), purpose, normalise_or_none(email) or email)
