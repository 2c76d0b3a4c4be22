"""What the journeys run on: letters, the platform's own programs, a browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connections

from accounts.mail import devbox
from accounts.models import User
from tenants import scheduler
from tenants.context import TenantInfo, use, use_control
from tests import twins
from tests.journeys.programs import Programs, Web, environment

CHROMIUM = next(
    (path for path in map(shutil.which, ("chromium", "chromium-browser")) if path), None
)


@pytest.fixture(autouse=True)
def _own_mailbox(settings, tmp_path: Path) -> None:
    settings.MAILBOX_DIR = tmp_path / "mailbox"


@pytest.fixture
def letters(db) -> Callable[..., list[devbox.Letter]]:
    """Return a reader: does what is due and returns the letters, newest first.

    `letters(acme)` of a tenant, `letters()` of the public site.
    """

    def read(tenant: TenantInfo | None = None) -> list[devbox.Letter]:
        context = use_control() if tenant is None else use(tenant)
        with context:
            scheduler.run_due()
            return devbox.letters()

    return read


@pytest.fixture
def programs(transactional_db, tmp_path: Path) -> Iterator[Programs]:
    """Return a starter of the platform's programs on this test's database.

    They are ended before the database is given back.
    """
    hasher = Argon2PasswordHasher()
    # The programs run with development's settings: a cheap hash would be renewed.
    password = hasher.encode(twins.PASSWORD, hasher.salt())
    for slug in ("acme", "globex"):
        with use(twins.info(slug)):
            User.objects.people().update(password=password)
    connections.close_all()
    with Programs(environment(tmp_path), tmp_path) as started:
        yield started


@pytest.fixture
def web(programs: Programs) -> Web:
    """Return the running web server of this test."""
    return programs.web()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium; without one the test is skipped, or fails."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, and there is no Chromium.")
        pytest.skip("there is no Chromium on this machine")
    return CHROMIUM
