"""A mailbox per test, and the worker's hand that sends what is due."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts import limits, roles
from accounts.mail import devbox, outbox
from accounts.mail.devbox import Letter
from accounts.models import User
from kernel import clock
from tenants.context import TenantInfo, use
from tests.accounts.mailing import clean, mailgun, smtp  # noqa: F401 - fixtures

#: Where each window of the limiter begins.
TEN_O_CLOCK = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
GOOD_PASSWORD = "four calm words here"
OTHER_PASSWORD = "seven green bottles"


@pytest.fixture(autouse=True)
def mailbox_dir(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    return settings.MAILBOX_DIR


@pytest.fixture
def at_ten() -> Iterator[None]:
    """Stop the clock at ten, where each window of the limiter has just begun."""
    with clock.frozen(TEN_O_CLOCK):
        yield


@pytest.fixture
def owner(acme, carol) -> User:
    """Return carol, who owns the workspace as well."""
    with use(acme):
        roles.set_role(carol, "owner")
        carol.refresh_from_db()
    return carol


@pytest.fixture
def page(browser_of, owner) -> Any:
    """Return the browser in which that owner is signed in."""
    return browser_of("carol")


@pytest.fixture
def unlimited(settings) -> None:
    """Let nothing be refused for being asked too often."""
    settings.ACCOUNTS_LIMITS = {
        name: (10_000, int(one.window.total_seconds()))
        for name, one in limits.LIMITS.items()
    }


@pytest.fixture
def post(visitor) -> Callable[..., Any]:
    """Return a poster of JSON: `post("/api/...", {...}, client=..., host=...)`."""

    def send(
        path: str,
        body: Any,
        *,
        client: Client | None = None,
        host: str = "acme.localhost",
        **headers: str,
    ):
        return (client or visitor(host)).post(
            path, json.dumps(body), content_type="application/json", headers=headers
        )

    return send


@pytest.fixture
def letters(acme: TenantInfo) -> Callable[..., list[Letter]]:
    """Return a reader: sends what is due, then gives the mails, newest first."""

    def read(to: str = "", tenant: TenantInfo = acme) -> list[Letter]:
        with use(tenant):
            outbox.run_due(100)
            return [item for item in devbox.letters() if not to or to in item.to]

    return read


@pytest.fixture
def code_for(letters, acme) -> Callable[..., str]:
    """Return a reader of the newest code that was mailed to an address."""

    def read(address: str, tenant: TenantInfo = acme) -> str:
        return code_in(letters(address, tenant)[0])

    return read


def code_in(letter: Letter) -> str:
    found = re.search(r"^\s*([A-Z0-9]{6})\s*$", letter.text, re.MULTILINE)
    assert found, letter.text
    return found[1]


def wrong(code: str) -> str:
    """Return another code of the same shape."""
    return ("B" if code[0] == "A" else "A") + code[1:]
