"""Speak to the platform the way a WSGI server does, in bytes that no client sends."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def all(self) -> bytes:
        """Everything in it that somebody could read."""
        lines = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return lines.encode() + b"\n\n" + self.body


@dataclass(frozen=True)
class Request:
    """One request. `path` is as it is sent, with its query."""

    path: str = "/"
    method: str = "GET"
    host: str = "acme.localhost"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    kind: str | None = None
    #: What is said about the length; None: the truth.
    length: str | None = None


@cache
def application() -> WSGIHandler:
    return get_wsgi_application()


def ask(request: Request) -> Answer:
    """Send a request; an error that no server would catch is raised.

    What no server hands on, because it would split the head, is a 400 of its own.
    """
    lines = (request.host, request.kind or "", *request.headers.values())
    if any(letter in line for line in lines for letter in "\x00\r\n"):
        return Answer(400, {}, b"")
    told: dict[str, Any] = {}

    def start(status: str, headers: Iterable[tuple[str, str]], *_: Any) -> None:
        told.update(status=int(status[:3]), headers=dict(headers))

    [body] = site(environ(request), start)
    return Answer(told["status"], told["headers"], body)


def site(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Answer as the platform does, and end the request at once; a WSGI application."""
    with one_connection():
        response = application()(environ, start)
        try:
            return [b"".join(response)]
        finally:
            response.close()


@contextmanager
def one_connection() -> Iterator[None]:
    """Let no request close the connection in whose transaction a test runs."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def environ(request: Request) -> dict[str, Any]:
    """Return what a server makes of a request (PEP 3333)."""
    path, _, query = request.path.partition("?")
    values: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(latin(path)).decode("latin-1"),
        "QUERY_STRING": latin(query).decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": latin(request.host).decode("latin-1"),
        "CONTENT_LENGTH": request.length or str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if request.kind is not None:
        values["CONTENT_TYPE"] = latin(request.kind).decode("latin-1")
    for name, value in request.headers.items():
        key = "HTTP_" + name.upper().replace("-", "_")
        values[key] = latin(value).decode("latin-1")
    return values


def latin(text: str) -> bytes:
    """Return text as bytes of a line: each letter above Latin-1 as UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
