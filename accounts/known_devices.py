"""Devices that a person signed in from before: a signed cookie remembers it.

Failures from other devices can then never keep its owner out: they are counted apart.
The cookie opens nothing. It holds for some accounts of one tenant, each for 90 days
and until its token version rises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts import cookies
from accounts.models import User
from kernel import clock
from tenants import signing

LIFE: Final = timedelta(days=90)
SALT: Final = "accounts.known_device"
#: Accounts of one browser that are remembered, the latest ones.
MOST: Final = 5


@dataclass(frozen=True)
class Known:
    """For which accounts a browser is a known device: version and time by key."""

    accounts: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def includes(self, user: User) -> bool:
        """Tell whether this person signed in here lately, with the present access."""
        version, since = self.accounts.get(str(user.pk), (0, 0))
        age = clock.now().timestamp() - since
        return version == user.token_version and age <= LIFE.total_seconds()


def read(request: HttpRequest) -> Known:
    """Return what the browser's cookie says; nothing for a forged or foreign one."""
    text = cookies.read(request, cookies.KNOWN_DEVICE)
    if not text:
        return Known()
    try:
        values = signing.loads(text, salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError):
        return Known()
    return Known({key: (version, since) for key, (version, since) in values.items()})


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Make the browser a known device of the person."""
    now = clock.now()
    own = {str(user.pk): (user.token_version, int(now.timestamp()))}
    others: dict[str, Any] = {
        key: value for key, value in read(request).accounts.items() if key not in own
    }
    latest = sorted(others.items(), key=lambda item: -item[1][1])[: MOST - 1]
    text = signing.dumps({**dict(latest), **own}, salt=SALT)
    cookies.write(request, response, cookies.KNOWN_DEVICE, text, expires_at=now + LIFE)
