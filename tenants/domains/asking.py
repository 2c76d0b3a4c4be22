"""Say at `/internal/tls/ask?domain=` whether a name may have a certificate.

For Caddy's on-demand TLS, so it answers 200 or 404 and nothing else; whatever goes
wrong is a 404. It stands before all other layers: Caddy names any host here, and no
tenant's page, session or log has to do with it.

Answered is who knows the shared secret. Where the settings have none, and no proxy
either, the machine itself is answered; a front server of this machine that says
nothing of whom it serves would make everybody look so. The rest gets the same 404.
The limit counts in this process alone: it protects the process and its connection,
and a count that all share would cost the statement that it is to save.
"""

import hmac
import ipaddress
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from tenants import directory, hosts
from tenants.life.conduct import TABLE

PATH: Final = "/internal/tls/ask"
SECRET_HEADER: Final = "X-Tenantry-Ask-Secret"  # noqa: S105 - a name
PER_SECOND: Final = 50
#: A proxy of any kind writes one of these, also where it runs on the same machine.
BY_PROXY: Final = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Forwarded",
    "X-Real-IP",
    "Via",
)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Rate:
    """So many in a second; what one second leaves unused is no other's."""

    def __init__(
        self, most: int, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._timer = most, timer
        self._lock = Lock()
        self._left, self._at = float(most), timer()

    def take(self) -> bool:
        """Tell whether one more may be served now."""
        with self._lock:
            now = self._timer()
            gained = (now - self._at) * self._most
            self._left, self._at = min(float(self._most), self._left + gained), now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class AskMiddleware:
    """Answers the one path, and leaves every other to the next layer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.rate = Rate(PER_SECOND)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info != PATH:
            return self.get_response(request)
        try:
            is_fine = self.answer(request)
        except Exception:  # noqa: BLE001 - whatever it is, no certificate is made
            is_fine = False
        status = HTTPStatus.OK if is_fine else HTTPStatus.NOT_FOUND
        return HttpResponse(
            status=status,
            content_type="text/plain",
            headers={"Cache-Control": "no-store"},
        )

    def answer(self, request: HttpRequest) -> bool:
        """Tell whether the caller may ask, not too fast, and asks for a live name."""
        names = request.GET.getlist("domain")
        return (
            request.method == "GET"
            and may_ask(request)
            and len(names) == 1
            and self.rate.take()
            and is_live(names[0])
        )


def may_ask(request: HttpRequest) -> bool:
    """Tell whether the caller knows the secret; without one, is this machine itself."""
    secret = settings.TENANTRY_ASK_SECRET
    sent = request.headers.get(SECRET_HEADER)
    if not secret:
        return sent is None and is_loopback(request)
    given = (sent or "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, secret.encode())


def is_loopback(request: HttpRequest) -> bool:
    """Tell whether a program of this machine asks, and not a proxy for somebody."""
    if settings.TRUSTED_PROXY_COUNT or any(n in request.headers for n in BY_PROXY):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_live(raw: str) -> bool:
    """Tell whether a name leads to a tenant whose pages are there to be seen.

    From memory, or by one query. Whoever has an open payment reads, signs in and pays.
    A lapsed or unverified name leads nowhere, and neither does one of the public site:
    its certificate is no matter of demand.
    """
    host = hosts.canonical_host(raw)
    if host is None or ":" in raw or hosts.is_public(host):
        return False
    found = directory.find(host)
    if found is None:
        return False
    conduct = TABLE[found.tenant.state]
    return conduct.refusal is None or conduct.reads
