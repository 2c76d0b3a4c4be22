"""A page of a WSGI application, asked for as a server would ask."""

import io
import sys
from typing import Any


def get(application: Any, host: str, path: str) -> bytes:
    """Return the body of a page. Raises RuntimeError unless it is a 200."""
    statuses: list[str] = []
    response = application(
        environ(host, path), lambda status, headers: statuses.append(status)
    )
    try:
        body = b"".join(response)
    finally:
        response.close()
    if statuses != ["200 OK"]:
        raise RuntimeError(f"{statuses}: {body[:500]!r}")
    return body


def environ(host: str, path: str) -> dict[str, object]:
    """Return what a WSGI server makes of a GET."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "HTTP_ACCEPT": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
