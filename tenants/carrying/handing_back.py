"""A thread hands its context back to the coroutine it worked for once it has ended.

`sync_to_async` does so also where the coroutine is cancelled: then the thread may be
inside another tenant's block, and the coroutine would go on there.
"""

import contextvars
from contextvars import ContextVar
from typing import Any, Final

from asgiref import sync

#: asgiref offers no other way in.
NAME: Final = "_restore_context"
_restore: Final[Any] = getattr(sync, NAME)
_probe: ContextVar[object] = ContextVar("whose context this is")


def install() -> None:
    setattr(sync, NAME, restore)


def restore(context: contextvars.Context) -> None:
    """Take over what was set in a context, unless another thread is at work in it."""
    if is_present(context):
        _restore(context)
        return
    try:
        settled = context.run(contextvars.copy_context)
    except RuntimeError:
        return  # nobody else may enter the context of code that runs
    _restore(settled)


def is_present(context: contextvars.Context) -> bool:
    """Tell whether the code that asks runs in this very context."""
    sign = object()
    token = _probe.set(sign)
    try:
        return context.get(_probe) is sign
    finally:
        _probe.reset(token)
