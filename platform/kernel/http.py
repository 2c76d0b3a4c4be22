"""The one outgoing HTTP client: bounded in time and size, and kept on public hosts.

    answer = http.get("https://api.example.com/range/ABCDE", timeout=2)
    answer = http.post(url, data={"to": "..."}, files=[...], auth=("api", key))

It follows no redirect, repeats nothing, keeps no cookie and reads no proxy or password
from the environment; whoever calls decides what is worth another try.

A public host is asked by https on port 443, at an address that was looked at when the
connection was made, so a name that changes its mind in between leads nowhere private.
OUTGOING_PRIVATE_HOSTS names, as `host` or `host:port`, what may lie elsewhere: on the
loopback, in a private network, on another port or without TLS.

OUTGOING_GUARD names a function that tells whether anything may go out just now; where
it says no, nobody is asked.

    NotReached        nobody answered; the message holds neither address nor secret
    ├── TimedOut      not within the time
    └── Refused       this address is not asked at all, or nobody from here
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import SplitResult, urlsplit

import requests
from django.conf import settings
from django.utils.module_loading import import_string

from kernel.outgoing import NotReached, Refused, TimedOut, bounded, transport

__all__ = ["Answer", "NotReached", "Refused", "TimedOut", "get", "post"]

#: Seconds that a connection may be silent.
TIMEOUT = 10.0
#: Bytes of an answer that are read.
LIMIT = 64 * 1024
PIECE = 8 * 1024
HTTPS_PORT = 443

Fields = Mapping[str, str | Sequence[str]] | Sequence[tuple[str, str]]
#: The field's name, and the file's name, content and type.
File = tuple[str, tuple[str, bytes, str]]


@dataclass(frozen=True)
class Answer:
    """What a server said, whatever its status; `is_cut` where it went on too long."""

    status: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_cut: bool = False

    @property
    def text(self) -> str:
        """The content as UTF-8; what is none is replaced."""
        return self.content.decode("utf-8", "replace")

    @property
    def is_good(self) -> bool:
        """Whether the status is one of success; a redirect is none."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own numbers


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    within: float | None = None,
    limit: int = LIMIT,
) -> Answer:
    """Ask for a page and return the answer, whatever its status.

    `timeout` is how many seconds the server may be silent, `within` how many all of
    it may take, by default the same. Raises NotReached.
    """
    request = requests.Request("GET", url, headers=dict(headers or {}))
    return _ask(request, timeout=timeout, within=within, limit=limit)


def post(
    url: str,
    *,
    data: Fields | bytes | None = None,
    files: Sequence[File] = (),
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    within: float | None = None,
    limit: int = LIMIT,
) -> Answer:
    """Send form fields, files or bytes once and return the answer.

    Raises NotReached; the server may have taken the message all the same.
    """
    request = requests.Request(
        "POST",
        url,
        data=data,
        files=list(files),
        auth=auth,
        headers=dict(headers or {}),
    )
    return _ask(request, timeout=timeout, within=within, limit=limit)


def _ask(
    request: requests.Request, *, timeout: float, within: float | None, limit: int
) -> Answer:
    if not import_string(settings.OUTGOING_GUARD)():
        raise Refused("nothing goes out of here")
    is_trusted = _permitted(request.url)
    with _session() as session, bounded(within or timeout, is_trusted=is_trusted):
        try:
            with session.send(
                session.prepare_request(request),
                timeout=timeout,
                stream=True,
                allow_redirects=False,
            ) as response:
                return _read(response, limit)
        except (requests.Timeout, TimeoutError):
            raise TimedOut("time-out") from None
        except (requests.RequestException, OSError, ValueError) as error:
            raise _reason(error) from None


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", transport())
    session.mount("https://", transport())
    return session


def _read(response: requests.Response, limit: int) -> Answer:
    content = bytearray()
    for piece in response.iter_content(PIECE):
        content += piece
        if len(content) > limit:
            break
    return Answer(
        status=response.status_code,
        content=bytes(content[:limit]),
        headers=response.headers,
        is_cut=len(content) > limit,
    )


def _reason(error: BaseException) -> NotReached:
    """Return the error of ours that lies behind what the library made of it."""
    seen: list[object] = [error]
    for one in seen:
        if isinstance(one, NotReached):
            return one
        if isinstance(one, TimeoutError):
            return TimedOut("time-out")
        if isinstance(one, BaseException):
            behind = (one.__cause__, one.__context__, getattr(one, "reason", None))
            seen.extend(x for x in (*behind, *one.args) if isinstance(x, BaseException))
    return NotReached(type(error).__name__)


def _permitted(url: str) -> bool:
    """Tell whether the host is one that the settings name. Raises Refused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("no address") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise Refused("no address")
    if parts.username is not None or parts.password is not None:
        raise Refused("a password in the address")
    if _is_named(parts, host, port):
        return True
    if parts.scheme != "https" or port not in {None, HTTPS_PORT}:
        raise Refused("not https on its own port")
    return False


def _is_named(parts: SplitResult, host: str, port: int | None) -> bool:
    used = port or (HTTPS_PORT if parts.scheme == "https" else 80)
    named = {name.lower() for name in settings.OUTGOING_PRIVATE_HOSTS}
    shown = f"[{host}]" if ":" in host else host
    return bool(named & {shown, f"{shown}:{used}"})
