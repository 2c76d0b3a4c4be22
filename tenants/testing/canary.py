"""Watch what leaves a tenant: the first foreign marker is a leak.

    with watching(twins) as watch:
        ...                      # requests, tasks, mails of both tenants
    assert watch.leaks == []

Looks at answers, the cache, mails, files, Celery messages, log lines and, at the end,
at the rows. What a host's answer may hold is decided by the host and not by the code
that found its tenant.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, Final
from uuid import UUID

import pytest

from tenants.context import CONTROL_UUID, current_or_none
from tenants.testing import rows
from tenants.testing.markers import LENGTH, owners_in, readable
from tenants.testing.twins import Twins

#: Methods of a cache that take or give values.
CACHE_METHODS: Final = ("get", "get_many", "set", "set_many", "add", "get_or_set")


class Leaked(AssertionError):
    """Something of one tenant was seen by another."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A marker where it must not be: `where` it was, who was `seeing` it."""

    where: str
    of: str
    seeing: str

    def __str__(self) -> str:
        return f"{self.where}: something of {self.of} reaches {self.seeing}"


@dataclass(slots=True)
class Watch:
    """The leaks so far; a strict one raises Leaked at the first."""

    twins: Twins
    is_strict: bool = True
    leaks: list[Leak] = field(default_factory=list)
    #: How often was looked, by place: a watch that saw nothing proves nothing.
    looks: dict[str, int] = field(default_factory=dict)

    def look(self, where: str, value: object, *, seeing: UUID | None) -> None:
        """Look for a foreign marker in what this tenant, or nobody, gets to see."""
        self.looks[where] = self.looks.get(where, 0) + 1
        markers = [(twin.tenant.uuid, twin.marker) for twin in self.twins]
        for owner in owners_in(readable(value), markers):
            if owner != seeing:
                self.leak(Leak(where, self.name(owner), self.name(seeing)))

    def leak(self, leak: Leak) -> None:
        self.leaks.append(leak)
        if self.is_strict:
            raise Leaked(str(leak))

    def name(self, uuid: UUID | None) -> str:
        known = {twin.tenant.uuid: twin.tenant.slug for twin in self.twins}
        return known.get(uuid, "the control plane") if uuid else "nobody"

    def here(self, where: str, value: object) -> None:
        """Look at something that the present context gets to see."""
        self.look(where, value, seeing=seeing())

    def look_at_rows(self) -> None:
        """Look at all rows: of the other twin, and of the control plane."""
        for twin, other in ((self.twins.a, self.twins.b), (self.twins.b, self.twins.a)):
            for table in rows.holding(twin.schema, [other.marker]):
                self.rows_of(table, other.tenant.uuid, seeing=twin.tenant.uuid)
            for table in rows.holding("public", [twin.marker]):
                self.rows_of(table, twin.tenant.uuid, seeing=CONTROL_UUID)

    def rows_of(self, table: str, owner: UUID, *, seeing: UUID) -> None:
        self.leak(Leak(f"rows of {table}", self.name(owner), self.name(seeing)))


def seeing() -> UUID | None:
    """Return whom the running code works for; None for nobody."""
    context = current_or_none()
    return context.uuid if context else None


@contextmanager
def watching(twins: Twins, *, is_strict: bool = True) -> Iterator[Watch]:
    """Watch everything that leaves a tenant inside the block."""
    watch = Watch(twins, is_strict)
    with pytest.MonkeyPatch.context() as patch:
        for tap in (answers, caches, mails, files, messages):
            tap(watch, patch)
        with lines(watch):
            yield watch


@contextmanager
def strictly(twins: Twins) -> Iterator[Watch]:
    """Watch, raise at the first leak, and again at the end where that was swallowed."""
    with watching(twins) as watch:
        yield watch
    watch.is_strict = False
    watch.look_at_rows()
    if watch.leaks:
        raise Leaked("; ".join(map(str, watch.leaks)))


# Answers


def answers(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Look at each answer as it leaves Django, streamed bodies part by part."""
    from django.core.handlers.base import BaseHandler

    plain, later = BaseHandler.get_response, BaseHandler.get_response_async

    @wraps(plain)
    def get_response(handler: Any, request: Any) -> Any:
        return looked_at(watch, request, plain(handler, request))

    @wraps(later)
    async def get_response_async(handler: Any, request: Any) -> Any:
        return looked_at(watch, request, await later(handler, request))

    patch.setattr(BaseHandler, "get_response", get_response)
    patch.setattr(BaseHandler, "get_response_async", get_response_async)


def looked_at(watch: Watch, request: Any, response: Any) -> Any:
    look = partial(watch.look, seeing=owner_of(request, watch.twins))
    look("answer's headers", [*response.items(), response.cookies.output()])
    if not response.streaming:
        look("answer's body", response.content)
    elif response.is_async:
        response.streaming_content = parts_later(response.streaming_content, look)
    else:
        response.streaming_content = parts(response.streaming_content, look)
    return response


def owner_of(request: Any, twins: Twins) -> UUID | None:
    """Return whose host was asked; the middleware is not believed."""
    host = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
    name = host.partition(":")[0].rstrip(".").lower()
    return next((t.tenant.uuid for t in twins if t.host == name), CONTROL_UUID)


def parts(body: Iterator[bytes], look: Callable[..., None]) -> Iterator[bytes]:
    """Yield the parts of a body; a marker may lie across two."""
    tail = b""
    for part in body:
        data = readable(part)
        look("answer's stream", tail + data)
        tail = (tail + data)[-2 * LENGTH :]
        yield part


async def parts_later(
    body: AsyncIterator[bytes], look: Callable[..., None]
) -> AsyncIterator[bytes]:
    tail = b""
    async for part in body:
        data = readable(part)
        look("answer's stream", tail + data)
        tail = (tail + data)[-2 * LENGTH :]
        yield part


# The cache


def caches(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Look at what is put into a cache and at what comes out."""
    from django.core.cache import caches as configured

    for kind in {type(configured[alias]) for alias in configured}:
        for name in CACHE_METHODS:
            patch.setattr(kind, name, cached(watch, getattr(kind, name)))


def cached(watch: Watch, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def looked(cache: Any, *args: Any, **kwargs: Any) -> Any:
        watch.here("cache, put in", [args, kwargs])
        answer = method(cache, *args, **kwargs)
        watch.here("cache, taken out", answer)
        return answer

    return looked


# Mails


def mails(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Look at each mail that any backend is given, and at what goes out by SMTP."""
    import smtplib

    from django.core.mail.backends.base import BaseEmailBackend

    make = BaseEmailBackend.__init__
    send_raw = smtplib.SMTP.sendmail

    @wraps(make)
    def init(backend: Any, *args: Any, **kwargs: Any) -> None:
        make(backend, *args, **kwargs)
        send = backend.send_messages

        def send_messages(letters: Any) -> Any:
            for letter in letters:
                watch.here("mail", [letter, getattr(letter, "alternatives", [])])
            return send(letters)

        backend.send_messages = send_messages

    @wraps(send_raw)
    def sendmail(server: Any, sender: Any, to: Any, text: Any, *rest: Any) -> Any:
        watch.here("SMTP", [sender, to, text])
        return send_raw(server, sender, to, text, *rest)

    patch.setattr(BaseEmailBackend, "__init__", init)
    patch.setattr(smtplib.SMTP, "sendmail", sendmail)


# Files


def files(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Look at the names and contents of files that a storage takes and gives."""
    from django.core.files.storage import Storage

    save, open_ = Storage.save, Storage.open

    @wraps(save)
    def saved(storage: Any, name: Any, content: Any, *rest: Any, **more: Any) -> Any:
        watch.here("file, put in", [name, content_of(content)])
        kept = save(storage, name, content, *rest, **more)
        watch.here("file, put in", kept)
        return kept

    @wraps(open_)
    def opened(storage: Any, *args: Any, **kwargs: Any) -> Any:
        content = open_(storage, *args, **kwargs)
        if "r" in getattr(content, "mode", "r"):
            with closing_on_error(content):
                watch.here("file, taken out", content_of(content))
        return content

    patch.setattr(Storage, "save", saved)
    patch.setattr(Storage, "open", opened)


@contextmanager
def closing_on_error(file: Any) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.close()
        raise


def content_of(content: Any) -> object:
    data = content.read()
    content.seek(0)
    return data


# Celery


def messages(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Look at each message: who sends it, whom it names, for whom it is run."""
    from celery import Task
    from kombu import Producer

    from tenants.celery import TenantTask

    apply_async, publish = Task.apply_async, Producer.publish
    serve = TenantTask.serve

    @wraps(apply_async)
    def applied(task: Any, args: Any = None, kwargs: Any = None, **more: Any) -> Any:
        watch.here("task's arguments", [args or (), kwargs or {}])
        return apply_async(task, args, kwargs, **more)

    @wraps(publish)
    def published(producer: Any, body: Any, *args: Any, **kwargs: Any) -> Any:
        headers = kwargs.get("headers") or {}
        watch.here("task's message", [body, headers])
        require_own_header(watch, headers)
        return publish(producer, body, *args, **kwargs)

    @wraps(serve)
    def served(task: Any, run: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return serve(task, run, *args, **kwargs)
        finally:
            seen_by = run.context.uuid if run.context else None
            watch.look("task's run", [args, kwargs], seeing=seen_by)

    patch.setattr(TenantTask, "serve", served)
    patch.setattr(Task, "apply_async", applied)
    patch.setattr(Producer, "publish", published)


def require_own_header(watch: Watch, headers: dict[str, Any]) -> None:
    """See that no tenant sends a task to another one."""
    named = headers.get("tenant")
    for twin in watch.twins:
        is_foreign = seeing() not in {twin.tenant.uuid, CONTROL_UUID}
        if named == str(twin.tenant.uuid) and is_foreign:
            watch.leak(Leak("task's header", watch.name(seeing()), twin.tenant.slug))


# Log lines


@contextmanager
def lines(watch: Watch) -> Iterator[None]:
    """Look at every log line."""
    root = logging.getLogger()
    handler = LogHandler(watch)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


class LogHandler(logging.Handler):
    """Sees what is logged, with all that is added to the line."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        extra = {k: v for k, v in record.__dict__.items() if k not in {"msg", "args"}}
        extra.pop("request", None)
        error = record.exc_info[1] if record.exc_info else None
        self.watch.here("log line", [record.getMessage(), extra, repr(error)])
