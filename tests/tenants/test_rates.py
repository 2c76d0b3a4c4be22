"""The rate of a tenant's requests: buckets, the store, and what a refusal is."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tenants import directory
from tenants.carrying import broker
from tenants.context import TenantInfo, use_control
from tenants.db import base
from tenants.models import Plan, Tenant
from tenants.plans import bucket_store, buckets, rates
from tenants.plans.buckets import MINUTE, SECOND, Rate
from tests import twins

RATES = st.integers(1, 100_000).map(Rate)
GAPS = st.lists(st.integers(0, 3 * SECOND), max_size=60)


@pytest.fixture(autouse=True)
def fresh(monkeypatch) -> None:
    """Know no bucket, and ask the store."""
    monkeypatch.setattr(rates, "_local", buckets.Buckets())
    monkeypatch.setattr(bucket_store, "_quiet_until", 0.0)
    for kept in (rates._empty_until, rates._quiet_until):
        kept.clear()


@pytest.fixture
def acme(db) -> TenantInfo:
    """Acme under a uuid that no test before had buckets for."""
    return replace(twins.info("acme"), uuid=uuid4())


@pytest.fixture
def planned(db) -> Callable[..., None]:
    """Put a twin on a plan with this rate, as an operator does."""
    plans: dict[str, Plan] = {}

    def put(slug: str, per_minute: int) -> None:
        with use_control():
            plan = plans.get(slug)
            if plan is None:
                plan = plans[slug] = Plan(code=f"of-{slug}", name="Plan")
            plan.requests_per_minute = per_minute
            plan.save()
            Tenant.objects.filter(slug=slug).update(plan=plan)
        directory.empty()
        emptied(slug)

    return put


def emptied(slug: str) -> None:
    """Fill the buckets of a twin again, which outlive a test."""
    with broker.client() as client:
        for name in client.scan_iter(f"{rates.PREFIX}:{twins.info(slug).uuid}:*"):
            client.delete(name)


def away(settings) -> None:
    """Point at a port where nobody listens."""
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"


# The bucket


@given(RATES, GAPS)
def test_a_bucket_is_the_textbooks(rate, gaps):
    full_at = now = 10**15
    level = rate.burst * rate.interval
    for gap in gaps:
        now += gap
        level = min(rate.burst * rate.interval, level + gap)
        full_at, wait = buckets.take(full_at, now, rate)
        assert (wait == 0) == (level >= rate.interval)
        if wait:
            assert wait == rate.interval - level
        else:
            level -= rate.interval


@given(RATES, GAPS)
def test_who_waits_as_told_is_let_in_and_who_comes_sooner_is_not(rate, gaps):
    full_at = now = 0
    for gap in gaps:
        now += gap
        full_at, wait = buckets.take(full_at, now, rate)
        if wait:
            assert buckets.take(full_at, now + wait - 1, rate)[1] == 1
            assert buckets.take(full_at, now + wait, rate)[1] == 0


@given(RATES, st.integers(1, 2_000))
def test_a_flood_gets_the_burst_and_then_the_rate(rate, per_second):
    gap, full_at, let_in = SECOND // per_second or 1, 0, 0
    steps = min(3_000, MINUTE // gap)
    for number in range(steps):
        full_at, wait = buckets.take(full_at, number * gap, rate)
        let_in += not wait
    assert let_in <= rate.burst + steps * gap // rate.interval + 1


@given(RATES)
def test_a_bucket_never_holds_more_than_a_minute_gives(rate):
    assert 1 <= rate.burst <= rate.per_minute
    assert rate.halved().per_minute <= max(1, rate.per_minute / 2)


# The store


def test_the_store_counts_as_the_bucket_does():
    name, rate = f"test:{uuid4()}", Rate(30)
    waits = [bucket_store.take(name, rate) for _ in range(rate.burst + 2)]
    assert waits[: rate.burst] == [0] * rate.burst
    for wait in waits[rate.burst :]:
        assert 0 < wait <= rate.interval


def test_the_store_forgets_a_bucket_that_is_full_again():
    name = f"test:{uuid4()}"
    bucket_store.take(name, Rate(60))
    with broker.client() as client:
        assert 0 < client.pttl(name) <= 1_001


OTHER = """
import django; django.setup()
import sys
from tenants.plans import bucket_store
from tenants.plans.buckets import Rate
print([bucket_store.take(sys.argv[1], Rate(10)) for _ in range(8)])
"""


def test_two_processes_share_a_bucket(settings):
    name = f"test:{uuid4()}"
    ours = [bucket_store.take(name, Rate(10)) for _ in range(8)]
    env = {**os.environ, "CELERY_BROKER_URL": settings.CELERY_BROKER_URL}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    env.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    done = subprocess.run(
        [sys.executable, "-c", OTHER, name],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout.splitlines()[-1])
    let_in = [wait for wait in [*ours, *theirs] if wait == 0]
    # Six seconds a token: the start of a process may take one or two of them.
    assert 10 <= len(let_in) <= 13
    assert theirs[-1] > 0


def test_without_the_store_a_process_counts_for_itself_to_half_the_rate(
    settings, acme, caplog
):
    away(settings)
    rate = Rate(60)
    waits = [rates.take(acme, rates.Kind.API, rate) for _ in range(15)]
    assert waits[:10] == [0] * rate.halved().burst
    assert all(0 < wait <= 2 * SECOND for wait in waits[10:])
    said = [r.getMessage() for r in caplog.records if "store" in r.getMessage()]
    assert said == ["rates.store_unreachable"]


def test_a_store_that_is_away_is_left_alone_for_a_while(settings, acme, monkeypatch):
    away(settings)
    tries = []
    scripted = bucket_store.script

    def counted(address: str) -> object:
        tries.append(address)
        return scripted(address)

    monkeypatch.setattr(bucket_store, "script", counted)
    for _ in range(20):
        rates.take(acme, rates.Kind.PAGE, Rate(60))
    assert len(tries) == 1


def test_an_address_that_is_no_store_counts_in_the_process(settings, acme):
    settings.CELERY_BROKER_URL = "amqp://localhost"
    assert rates.take(acme, rates.Kind.PAGE, Rate(60)) == 0


def test_what_is_known_to_be_empty_is_not_asked_for_again(acme, monkeypatch):
    asked = []
    take = bucket_store.take
    monkeypatch.setattr(
        bucket_store, "take", lambda *about: asked.append(about) or take(*about)
    )
    waits = [rates.take(acme, rates.Kind.PAGE, Rate(6)) for _ in range(50)]
    assert waits.count(0) == Rate(6).burst
    assert len(asked) == Rate(6).burst + 1


def test_the_kinds_and_the_tenants_have_buckets_of_their_own(acme):
    one = Rate(1)
    for kind in rates.Kind:
        assert rates.take(acme, kind, one) == 0
        assert rates.take(acme, kind, one) > 0
    assert rates.take(replace(acme, uuid=uuid4()), rates.Kind.PAGE, one) == 0


# The requests


def get(path: str, host: str = "acme.localhost", **more: str):
    return Client(raise_request_exception=True).get(path, HTTP_HOST=host, **more)


#: Later than any file: the answer needs no body.
NEVER = "Fri, 31 Dec 2100 23:59:59 GMT"
BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


def test_a_tenant_above_its_rate_gets_429_with_the_time_to_wait(planned):
    planned("acme", 2)
    codes = [get("/api/me").status_code for _ in range(3)]
    assert 429 not in codes[:2]
    assert codes[2] == 429
    answer = get("/api/me")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer["Retry-After"]) <= 30
    assert answer["Cache-Control"] == "no-store"


def test_the_time_to_wait_is_right(planned, settings, monkeypatch):
    planned("acme", 4)
    away(settings)  # so that the clock is ours
    clock = [10**12]
    monkeypatch.setattr(rates.time, "monotonic_ns", lambda: clock[0] * 1000)
    while (answer := get("/api/me")).status_code != 429:
        pass
    seconds = int(answer["Retry-After"])
    clock[0] += (seconds - 1) * SECOND
    assert get("/api/me").status_code == 429
    clock[0] += SECOND
    assert get("/api/me").status_code != 429


def test_a_browser_gets_a_page_that_stands_alone(planned):
    planned("acme", 1)
    get("/accounts/sign-in", **BROWSER)
    answer = get("/accounts/sign-in", **BROWSER)
    assert answer.status_code == 429
    assert 'class="brand"' not in answer.text  # it would be the platform's
    assert answer["Content-Type"].startswith("text/html")
    assert b"Too many" in answer.content
    assert b"second" in answer.content
    assert "style-src 'sha256-" in answer["Content-Security-Policy"]


def test_a_refusal_asks_no_database_and_writes_no_line_each(
    planned, monkeypatch, caplog
):
    planned("acme", 1)
    found = directory.find("acme.localhost")  # in a transaction it is not remembered
    while get("/leave/").status_code != 429:
        pass
    before = len(caplog.records)
    sent = []
    with monkeypatch.context() as patched:
        patched.setattr(base.DatabaseWrapper, "_cursor", lambda *_: sent.append(1))
        patched.setattr(directory, "find", lambda _host: found)
        for _ in range(20):
            assert get("/leave/").status_code == 429
    assert sent == []
    assert len(caplog.records) == before


def test_a_tenant_without_a_rate_asks_no_store(db, monkeypatch):
    monkeypatch.setattr(bucket_store, "take", None)
    assert get("/accounts/sign-in").status_code == 200


def test_the_settings_rate_holds_where_the_plan_says_nothing(db, settings, planned):
    settings.TENANTRY_REQUESTS_PER_MINUTE = 1
    emptied("acme")
    codes = [get("/api/me").status_code for _ in range(2)]
    assert codes[1] == 429
    planned("globex", 0)
    codes = [get("/api/me", "globex.localhost").status_code for _ in range(4)]
    assert 429 not in codes


def test_the_public_site_is_not_counted(db, settings):
    settings.TENANTRY_REQUESTS_PER_MINUTE = 1
    codes = [get("/health/", "localhost").status_code for _ in range(4)]
    assert codes == [200] * 4


def test_files_take_nothing_from_the_pages_and_are_counted_apart(planned):
    planned("acme", 2)
    codes = [get("/branding.css").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert get("/accounts/sign-in").status_code == 200
    for _ in range(4):
        found = get("/static/tenantry/base.css", HTTP_IF_MODIFIED_SINCE=NEVER)
        assert found.status_code == 304  # it is found, and so nobody's work
    assert get("/static/../leave/").status_code == 429


def test_trying_to_come_in_has_a_tenth_and_a_bucket_of_its_own(planned):
    planned("acme", 20)
    client = Client(HTTP_HOST="acme.localhost")
    tries = [
        client.post(
            "/api/auth/web/sign-in",
            {"username": "nobody", "password": "wrong"},
            content_type="application/json",
        ).status_code
        for _ in range(3)
    ]
    assert tries[2] == 429
    assert 429 not in tries[:2]
    assert get("/accounts/sign-in").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"HTTP_X_FORWARDED_HOST": "globex.localhost"},
        {"HTTP_FORWARDED": "host=globex.localhost;for=203.0.113.9"},
        {"HTTP_X_REAL_IP": "203.0.113.9"},
    ],
    ids=["for", "host", "forwarded", "real"],
)
def test_no_header_opens_another_bucket(planned, headers):
    planned("acme", 1)
    planned("globex", 1)
    while get("/api/me").status_code != 429:
        pass
    assert get("/api/me", **headers).status_code == 429
    assert get("/api/me", "globex.localhost").status_code != 429


@pytest.mark.parametrize(
    "host",
    ["ACME.localhost", "acme.localhost.", "acme.localhost:8000", "acme.LOCALHOST:1"],
)
def test_every_spelling_of_a_host_is_one_bucket_and_no_other_tenants(planned, host):
    planned("acme", 1)
    planned("globex", 1)
    while get("/api/me").status_code != 429:
        pass
    assert get("/api/me", host).status_code == 429
    assert get("/api/me", "globex.localhost").status_code != 429


def test_hosts_of_nobody_spend_nothing(planned):
    planned("acme", 1)
    for host in ("acme.localhost.evil.test", "evil.acme.localhost", "acme", "-.x"):
        assert get("/api/me", host).status_code in {400, 404}
    assert get("/api/me").status_code != 429


def test_another_plan_is_in_force_with_the_next_request(planned):
    planned("acme", 1)
    while get("/api/me").status_code != 429:
        pass
    with use_control():
        plan = Plan.objects.get(code="of-acme")
        plan.requests_per_minute = 600
        plan.save()
    directory.empty()  # what the database's word does in each process
    assert get("/api/me").status_code != 429
