"""Each log line says whose work it tells of, and each page speaks its tenant's words.

Spec 2.3, rows "Logs" and "Translations".
"""

import asyncio
import logging
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from asgiref.sync import async_to_sync
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from celery.result import AsyncResult
from django.db import OperationalError, connections
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.authentication import TenantAuth
from accounts.models import User
from config.celery import app
from tenants import lookup
from tenants.carrying.serving import serving
from tenants.carrying.threads import TenantThread
from tenants.context import CONTROL, bind, use, use_control
from tenants.logs import add_tenant
from tenants.models import Tenant
from tenants.sessions import SessionStore
from tests.tenants import asgi
from tests.tenants.crowd import together
from tests.tenants.lines import Lines, written
from tests.tenants.speaking import ENGLISH, FRENCH, GERMAN
from tests.tenants.worker import cornered

ACME, GLOBEX, PUBLIC = "acme.localhost", "globex.localhost", "localhost"
ROOT = Path(__file__).resolve().parents[2]
logger = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def _routes(settings) -> None:
    settings.ROOT_URLCONF = "tests.tenants.speaking"
    settings.PUBLIC_SCHEMA_URLCONF = "tests.tenants.speaking"


@pytest.fixture
def lines() -> Iterator[Lines]:
    with written() as lines:
        yield lines


@pytest.fixture
def _three_languages(settings, acme, globex) -> None:
    """Have globex speak German and live in Sydney; acme is English."""
    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("fr", "French")]
    with use_control():
        Tenant.objects.filter(slug="globex").update(
            locale="de", timezone="Australia/Sydney"
        )


# Whose line it is


def whose(line: dict[str, str]) -> tuple[str | None, str | None]:
    return line.get("tenant"), line.get("slug")


def test_noi_2_a_line_names_the_tenant_of_its_context(acme, globex, lines) -> None:
    for tenant in (acme, globex):
        with use(tenant):
            logger.info("said")
            structlog.get_logger().info("said")
    assert [whose(line) for line in lines.of("said")] == [
        (str(tenant.uuid), tenant.slug)
        for tenant in (acme, globex)
        for _way in ("logging", "structlog")
    ]


def test_a_line_of_the_control_plane_says_so(lines) -> None:
    with use_control():
        logger.info("said")
    assert [whose(line) for line in lines.of("said")] == [("control", None)]


def test_a_line_in_no_context_names_nobody(lines) -> None:
    logger.info("said")
    assert [whose(line) for line in lines.of("said")] == [(None, None)]


def test_what_a_caller_adds_cannot_name_another_tenant(acme, lines) -> None:
    with use(acme):
        logger.info("said", extra={"tenant": "globex", "slug": "globex"})
        structlog.get_logger().info("said", tenant="globex", slug="globex")
    assert {whose(line) for line in lines.of("said")} == {(str(acme.uuid), "acme")}


def test_a_line_can_be_written_before_any_app_is_loaded() -> None:
    program = (
        "import logging; from kernel.logging import configure;"
        "configure({'level': 'INFO', 'processors': ['tenants.logs.add_tenant']});"
        "logging.getLogger('early').info('said');"
        "from django.apps import apps; assert not apps.ready;"
        "from django.conf import settings; assert not settings.configured"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "event=said" in done.stderr
    assert "tenant=" not in done.stderr


def test_the_kernel_knows_no_tenants(settings) -> None:
    assert settings.LOGGING["processors"] == ["tenants.logs.add_tenant"]
    event: dict[str, Any] = {"event": "said"}
    assert add_tenant(None, "info", event) == {"event": "said"}


def test_a_line_of_a_thread_names_the_tenant_that_was_handed_over(acme, lines) -> None:
    with use(acme):
        threads = [
            TenantThread(target=logger.info, args=["carried"]),
            threading.Thread(target=bind(lambda: logger.info("bound"))),
            threading.Thread(target=logger.info, args=["bare"]),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    own = (str(acme.uuid), "acme")
    for event, expected in {"carried": own, "bound": own, "bare": (None, None)}.items():
        assert [whose(line) for line in lines.of(event)] == [expected]


@pytest.mark.django_db(transaction=True)
def test_noi_2_all_lines_of_a_task_in_a_worker_name_its_tenant(
    acme, globex, lines
) -> None:
    @shared_task(name="tests.say")
    def say(word: str) -> None:
        connections.close_all()
        logger.info("said", extra={"word": word})
        if word == "fail":
            raise RuntimeError("a fault of a task")

    @shared_task(name="tests.say_control", plane="control")
    def say_control() -> None:
        logger.info("said")

    def sent() -> list[AsyncResult[None]]:
        tasks = []
        for tenant in (acme, globex):
            with use(tenant):
                tasks += [say.delay(word) for word in ("well", "fail")]
        return [*tasks, say_control.delay()]

    # "solo" works in the thread that listens, beside this one.
    corner = cornered(app, f"tests-{uuid4().hex}:")
    try:
        with corner, start_worker(app, pool="solo", perform_ping_check=False):
            ids = [one.id for one in sent()]
            owners = dict(zip(ids, [acme, acme, globex, globex, None], strict=True))
            wait_for(lines, " succeeded in ", 3)
            wait_for(lines, " raised unexpected", 2)
    finally:
        app.tasks.pop("tests.say")
        app.tasks.pop("tests.say_control")
    inside = {line["task_id"]: whose(line) for line in lines.of("said")}
    assert inside == {
        task: (str(owner.uuid), owner.slug) if owner else ("control", None)
        for task, owner in owners.items()
    }
    for line in lines.all():
        if line["logger"] == "celery.app.trace":
            (owner,) = (own for task, own in owners.items() if task in line["event"])
            assert line["tenant"] == (str(owner.uuid) if owner else "control")


def wait_for(lines: Lines, words: str, count: int) -> None:
    """Wait until the words were written so many times."""
    for _look in range(200):
        if lines.text.count(words) >= count:
            return
        time.sleep(0.05)
    pytest.fail(lines.text)


# Requests


@pytest.mark.parametrize("path", ["/say/w", "/stream/w"])
def test_noi_2_a_line_of_a_request_names_tenant_and_request(
    visitor, acme, lines, path: str
) -> None:
    answer = visitor(ACME).get(path)
    assert answer.getvalue()
    said = lines.of("said")
    assert len(said) == 2
    assert {whose(line) for line in said} == {(str(acme.uuid), "acme")}
    assert {line["request_id"] for line in said} == {answer["X-Request-ID"]}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/say/w", "/stream/w", "/say-later/w"])
def test_a_line_of_a_request_over_asgi_names_tenant_and_request(
    acme, lines, path: str
) -> None:
    assert_named(acme, lines, path)


@pytest.mark.django_db(transaction=True)
def test_a_line_of_an_async_stream_names_tenant_and_request(acme, lines) -> None:
    assert_named(acme, lines, "/stream-later/w")


def assert_named(acme, lines, path: str) -> None:
    with warnings.catch_warnings():
        # Django warns that it reads a synchronous body at once.
        warnings.simplefilter("ignore")
        answer = asgi.ask(path, host=ACME)
    assert answer.status == 200
    said = lines.of("said")
    assert len(said) == 2
    assert {whose(line) for line in said} == {(str(acme.uuid), "acme")}
    assert {line["request_id"] for line in said} == {answer.headers["x-request-id"]}


def test_a_body_left_half_read_leaves_no_request_behind(visitor, acme, lines) -> None:
    answer = visitor(ACME).get("/stream/w")
    parts = iter(answer)
    next(parts)
    logger.info("between")
    answer.close()
    logger.info("after")
    (between,), (after,) = lines.of("between"), lines.of("after")
    assert whose(between) == whose(after) == (None, None)
    assert not {"request_id"} & (set(between) | set(after))


def test_a_fault_is_logged_for_its_tenant_and_request(visitor, acme, lines) -> None:
    answer = visitor(ACME).get("/fail/w")
    assert answer.status_code == 500
    (line,) = [line for line in lines.all() if line["logger"] == "django.request"]
    assert whose(line) == (str(acme.uuid), "acme")
    assert line["request_id"] == answer["X-Request-ID"]
    assert "a fault of w" in lines.text


def test_after_a_request_a_line_names_nobody(visitor, acme, lines) -> None:
    visitor(ACME).get("/say/w")
    logger.info("after")
    (line,) = lines.of("after")
    assert whose(line) == (None, None)
    assert "request_id" not in line


# Languages


SPEAKS = {ACME: f"{ENGLISH} UTC", GLOBEX: f"{GERMAN} Australia/Sydney"}


@pytest.mark.usefixtures("_three_languages")
def test_each_page_speaks_its_tenants_language_and_nothing_is_left(visitor) -> None:
    for host in (GLOBEX, ACME, GLOBEX, ACME):
        assert visitor(host).get("/say/w").text == SPEAKS[host]
        assert translation.get_language() == "en"
        assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.usefixtures("_three_languages")
def test_a_fault_leaves_no_language_behind(visitor) -> None:
    assert visitor(GLOBEX).get("/fail/w").status_code == 500
    assert translation.get_language() == "en"
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.usefixtures("_three_languages")
def test_a_streamed_body_speaks_its_tenants_language(visitor) -> None:
    answers = [visitor(host).get("/stream/w") for host in (ACME, GLOBEX)]
    bodies = [iter(answer) for answer in answers]
    assert [next(bodies[turn]).decode() for turn in (0, 1, 1, 0)] == [
        f"{text}\n" for text in (ENGLISH, GERMAN, GERMAN, ENGLISH)
    ]
    for answer in answers:
        answer.close()
    assert translation.get_language() == "en"


@pytest.mark.usefixtures("_three_languages")
def test_an_error_speaks_its_tenants_language(visitor) -> None:
    for host, text in ((ACME, ENGLISH), (GLOBEX, GERMAN)):
        assert visitor(host).get("/api/refuse/w").json()["detail"] == text
        assert text in visitor(host).get("/refuse/w").text


@pytest.mark.usefixtures("_three_languages")
def test_a_person_is_spoken_to_in_a_language_of_their_own(
    visitor, browser_of, token, settings, globex
) -> None:
    settings.ROOT_URLCONF = "config.urls"
    browser, bearer = browser_of("bob", GLOBEX), token("bob", GLOBEX)
    settings.ROOT_URLCONF = "tests.tenants.speaking"
    with use(globex):
        User.objects.filter(username="bob").update(
            language="fr", time_zone="Asia/Tokyo"
        )
    assert browser.get("/say/w").text == f"{FRENCH} Asia/Tokyo"
    assert visitor(GLOBEX).get("/say/w").text == SPEAKS[GLOBEX]
    header = {"authorization": f"Bearer {bearer}"}
    with serving(lookup.by_uuid(globex.uuid)):
        TenantAuth()(RequestFactory().get("/api/protected/me", headers=header))
        assert translation.get_language() == "fr"
    assert translation.get_language() == "en"
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.usefixtures("_three_languages")
@pytest.mark.parametrize(("language", "zone"), [("xx", "Mars/Base"), ("", "")])
def test_a_language_that_is_not_installed_leaves_the_tenants(
    browser_of, settings, globex, language: str, zone: str
) -> None:
    settings.ROOT_URLCONF = "config.urls"
    browser = browser_of("bob", GLOBEX)
    settings.ROOT_URLCONF = "tests.tenants.speaking"
    with use(globex):
        User.objects.filter(username="bob").update(language=language, time_zone=zone)
    assert browser.get("/say/w").text == SPEAKS[GLOBEX]


def test_a_database_that_is_away_is_answered_by_the_page_and_not_by_its_language(
    browser_of, settings, monkeypatch
) -> None:
    settings.ROOT_URLCONF = "config.urls"
    browser = browser_of("bob")

    def away(store: SessionStore) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(SessionStore, "load", away)
    assert browser.get("/workflow/mywork/").status_code == 503
    settings.ROOT_URLCONF = "tests.tenants.speaking"
    assert browser.get("/say/w").text == f"{ENGLISH} UTC"


@pytest.mark.usefixtures("_three_languages")
def test_a_tenant_with_a_language_that_was_removed_speaks_the_settings_one(
    visitor, globex, settings
) -> None:
    settings.LANGUAGES = [("en", "English")]
    with use_control():
        Tenant.objects.filter(slug="globex").update(timezone="Mars/Base")
    assert visitor(GLOBEX).get("/say/w").text == f"{ENGLISH} UTC"


@pytest.mark.usefixtures("_three_languages")
def test_the_public_site_speaks_what_the_browser_asks_for(visitor) -> None:
    answer = visitor(PUBLIC, **{"accept-language": "fr, en;q=0.5"}).get("/say/w")
    assert answer.text == f"{FRENCH} UTC"
    assert "Accept-Language" in answer["Vary"]
    assert visitor(PUBLIC).get("/say/w").text == f"{ENGLISH} UTC"
    asked = visitor(GLOBEX, **{"accept-language": "fr"}).get("/say/w")
    assert asked.text == SPEAKS[GLOBEX]


@pytest.mark.usefixtures("_three_languages")
def test_work_for_the_control_plane_speaks_the_settings_language(acme, globex) -> None:
    globex = lookup.by_uuid(globex.uuid)
    with serving(globex):
        assert translation.get_language() == "de"
        with serving(CONTROL):
            assert translation.get_language() == "en"
            assert timezone.get_current_timezone_name() == "UTC"
        with serving(acme):
            assert translation.get_language() == "en"
        assert translation.get_language() == "de"
        assert timezone.get_current_timezone_name() == "Australia/Sydney"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_three_languages")
def test_languages_do_not_mix_in_threads() -> None:
    barrier = threading.Barrier(4)

    def work(host: str) -> set[str]:
        client = Client(headers={"host": host})
        seen = set()
        try:
            for _round in range(8):
                barrier.wait()
                seen.add(client.get("/say/w").text)
                seen.add(translation.get_language())
        finally:
            connections.close_all()
        return seen

    found = together(work, [ACME, GLOBEX, ACME, GLOBEX])
    assert found == [{SPEAKS[ACME], "en"}, {SPEAKS[GLOBEX], "en"}] * 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_three_languages")
def test_languages_do_not_mix_in_coroutines() -> None:
    async def all_of_them() -> list[str]:
        hosts = [ACME, GLOBEX] * 4
        asked = [asgi.get("/say-later/w", host=host) for host in hosts]
        return [answer.body.decode() for answer in await asyncio.gather(*asked)]

    assert async_to_sync(all_of_them)() == [SPEAKS[ACME], SPEAKS[GLOBEX]] * 4
    assert translation.get_language() == "en"
