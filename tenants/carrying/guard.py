"""The last look at a request: nothing of its tenant stays in the thread or task.

The middleware leaves the context it entered; this is for what anything else entered
around it, and for what a response does while it is closed.
A streamed body is left alone: each part of it has a context of its own, and its end
may come whenever somebody forgets it, in the midst of other work.
"""

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.core.signals import request_finished, request_started

from tenants.context import Control, TenantInfo, adopt, current_or_none

logger = logging.getLogger(__name__)

NAME: Final = "tenants.guard"


@dataclass(frozen=True, eq=False)
class Beginning:
    """In which context a request began: on a server, in none."""

    context: TenantInfo | Control | None


#: The requests under way; a test may ask from within another request.
_begun: ContextVar[tuple[Beginning, ...]] = ContextVar("begun", default=())
#: Whether the request that is just ending was streamed.
_streamed: ContextVar[bool] = ContextVar("streamed", default=False)


def install() -> None:
    """See to every request of this process, whatever serves it."""
    request_started.connect(begin, dispatch_uid=NAME)
    request_finished.connect(end, dispatch_uid=NAME)


def begin(**_kwargs: Any) -> None:
    """Write down in which context a request begins."""
    _begun.set((*_begun.get(), Beginning(current_or_none())))


def end(**_kwargs: Any) -> None:
    """Go back to the context in which the request began, and report any other."""
    if _streamed.get():
        _streamed.set(False)
        return
    *others, beginning = _begun.get() or (Beginning(None),)
    _begun.set(tuple(others))
    left = current_or_none()
    if left == beginning.context:
        return
    logger.error("context.left_behind", extra={"left": str(left and left.uuid)})
    adopt(beginning.context)


def under_way() -> Beginning | None:
    """Return the beginning of the request that this code works for."""
    return next(reversed(_begun.get()), None)


def end_of_stream(beginning: Beginning | None) -> None:
    """Forget a request whose streamed body is closed, just before its end is told."""
    _begun.set(tuple(one for one in _begun.get() if one is not beginning))
    _streamed.set(True)
