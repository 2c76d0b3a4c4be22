"""The flow secret and the ticket of the last call, for Python code in sequence.

The seed's functions pass no secret from one call to the next; here one execution
context remembers it, per tenant, purpose and address. Requests and tasks begin empty.
"""

from contextvars import ContextVar
from types import MappingProxyType

from accounts.addresses import normalise_or_none
from tenants import context

Key = tuple[str, str, str]
EMPTY: "MappingProxyType[Key, str]" = MappingProxyType({})

_remembered: ContextVar["MappingProxyType[Key, str]"] = ContextVar(
    "accounts_memory", default=EMPTY
)


def remember(purpose: str, email: str, secret: str) -> None:
    """Keep a secret for later calls of this execution context."""
    kept = {**_remembered.get(), _key(purpose, email): secret}
    _remembered.set(MappingProxyType(kept))


def recall(purpose: str, email: str) -> str:
    """Return the secret of this tenant, purpose and address, or an empty text."""
    return _remembered.get().get(_key(purpose, email), "")


def forget(*args: object, **kwargs: object) -> None:  # noqa: ARG001 - a receiver of Django's and Celery's signals
    """Begin empty; called at the start of every request and task."""
    _remembered.set(EMPTY)


def _key(purpose: str, email: str) -> Key:
    return (str(context.context_uuid()), purpose, normalise_or_none(email) or email)
