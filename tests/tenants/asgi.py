"""Speak to the platform the way an ASGI server does."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


def ask(path: str, *, host: str, parts: int | None = None) -> Answer:
    """Do the same from a test that is no coroutine."""
    return async_to_sync(get)(path, host=host, parts=parts)


async def get(path: str, *, host: str, parts: int | None = None) -> Answer:
    """Ask for a path; with `parts`, go away after so many parts of the body."""
    answer, received = Answer(), 0
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await incoming.put({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: dict[str, Any]) -> None:
        nonlocal received
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                name.decode().lower(): value.decode()
                for name, value in message["headers"]
            }
            return
        answer.body += message.get("body", b"")
        received += bool(message.get("body"))
        if parts is not None and received >= parts:
            await incoming.put({"type": "http.disconnect"})
            await asyncio.sleep(0.05)

    await get_asgi_application()(scope(path, host), incoming.get, send)
    return answer


def scope(path: str, host: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000),
        "headers": [(b"host", host.encode("latin-1"))],
    }
