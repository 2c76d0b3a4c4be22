"""A streamed body is made after the view has returned, and still for its tenant."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from asgiref.sync import async_to_sync
from django.http import FileResponse, StreamingHttpResponse

Inside = Callable[[], AbstractContextManager[None]]


def carry(response: StreamingHttpResponse, inside: Inside) -> None:
    """See that every part of the body, and its end, is made inside the context.

    Django knows no public way to wrap the body of a response that also keeps the
    functions that close it, so this touches two of its private names.
    """
    body: Any = response
    if isinstance(response, FileResponse) and body.file_to_stream is not None:
        return  # a file is read without any context
    closers = [within(close, inside) for close in body._resource_closers]  # noqa: SLF001 - see above
    parts = body._iterator  # noqa: SLF001 - see above
    if response.is_async:
        carried = LaterParts(parts, inside)
        # A client that goes away leaves the body half read; Django closes the
        # response then, and so the body ends here and not in some collection.
        closers.append(async_to_sync(carried.aclose))
        response.streaming_content = carried
    else:
        response.streaming_content = Parts(parts, inside)
    body._resource_closers = closers  # noqa: SLF001 - see above


def at_end(response: StreamingHttpResponse, function: Callable[[], object]) -> None:
    """Have a function called as the last thing when the body is closed."""
    body: Any = response
    body._resource_closers.append(function)  # noqa: SLF001 - as above


def within(function: Callable[[], object], inside: Inside) -> Callable[[], None]:
    """Return the function, run inside the context."""

    def run() -> None:
        with inside():
            function()

    return run


class Parts:
    """The parts of a body, each made inside the context."""

    def __init__(self, parts: Iterator[bytes], inside: Inside) -> None:
        self.parts = parts
        self.inside = inside

    def __iter__(self) -> "Parts":
        return self

    def __next__(self) -> bytes:
        with self.inside():
            return next(self.parts)


class LaterParts:
    """The same of an asynchronous body."""

    def __init__(self, parts: AsyncIterator[bytes], inside: Inside) -> None:
        self.parts = parts
        self.inside = inside

    def __aiter__(self) -> "LaterParts":
        return self

    async def __anext__(self) -> bytes:
        with self.inside():
            return await anext(self.parts)

    async def aclose(self) -> None:
        """End the body, read to its end or not."""
        close = getattr(self.parts, "aclose", None)
        if close is not None:
            with self.inside():
                await close()
