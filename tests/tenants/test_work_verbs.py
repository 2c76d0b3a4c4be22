"""`manage.py tenant tick|shell|check`: what an operator sees, and the exit codes."""

import io
import json
import os
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection, connections

from kernel import clock
from tenants import listener, scheduler
from tenants.context import use, use_control
from tenants.fleet import compile_template
from tenants.models import MigrationLedger, MigrationPlan, OperatorEvent, WakeUp
from tenants.states import State, change_state
from tenants.watching import checkup
from tests.tenants import due

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> str:
    """Return what a verb prints."""
    out = io.StringIO()
    call_command("tenant", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fails(*words: str) -> tuple[int, str]:
    """Return the exit code and the line of a verb that does not work."""
    with pytest.raises(CommandError) as caught:
        run(*words)
    return caught.value.returncode, str(caught.value)


def waiting(tenant, *, at=None) -> None:
    with use(tenant):
        due.work[tenant.uuid].append(at or clock.now())
        scheduler.arm(at or clock.now())


# tick


@pytest.fixture
def _one_source(settings, acme, globex, frozen_clock) -> None:
    due.become_the_only_source(settings)


@pytest.mark.usefixtures("_one_source")
def test_tick_does_what_is_due_and_counts_it(acme, globex) -> None:
    waiting(acme)
    waiting(globex)
    assert run("tick").startswith("2 taken, 2 fired, ")
    assert run("tick").startswith("0 taken, 0 fired, ")


@pytest.mark.usefixtures("_one_source")
def test_tick_as_json_has_four_keys(acme) -> None:
    waiting(acme)
    facts = json.loads(run("tick", "--json", "--batch", "1"))
    assert list(facts) == ["taken", "fired", "ms", "failed"]
    assert facts["fired"] == 1


@pytest.mark.usefixtures("_one_source")
def test_tick_names_what_failed_and_ends_with_5(acme, globex) -> None:
    waiting(acme)
    waiting(globex)
    due.faults.add(acme.uuid)
    assert fails("tick") == (5, "Failed: acme: tests.tenants.due")
    assert [uuid for uuid, _at in due.fired] == [globex.uuid]


@pytest.mark.usefixtures("_one_source")
def test_a_loop_ends_when_its_time_is_up(acme, settings) -> None:
    settings.TENANTRY_TICK_SECONDS = 0.05
    waiting(acme)
    begun = time.monotonic()
    said = run("tick", "--loop", "--max-seconds", "0.3")
    assert time.monotonic() - begun < 5
    assert said.count("\n") == 1
    assert "1 taken, 1 fired" in said


@pytest.mark.usefixtures("_one_source")
def test_a_loop_ends_in_good_order_when_it_is_asked_to(settings) -> None:
    settings.TENANTRY_TICK_SECONDS = 30
    before = signal.getsignal(signal.SIGTERM)
    ask = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM])
    ask.start()
    run("tick", "--loop")
    ask.join()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    "words",
    [("--batch", "0"), ("--batch", "many"), ("--max-seconds", "-1")],
    ids=["none", "word", "negative"],
)
def test_tick_with_a_wrong_number_is_wrong_usage(words) -> None:
    with pytest.raises(CommandError) as caught:
        run("tick", *words)
    assert caught.value.returncode in {1, 2}
    assert "is no number" in str(caught.value)


# shell


def test_shell_runs_code_in_the_tenant_and_writes_it_into_the_book(
    acme, capsys
) -> None:
    code = "from django.db import connection; print(connection.tenant.slug)"
    assert "acme" in run("shell", "acme", "-c", code) + capsys.readouterr().out
    with use_control():
        event = OperatorEvent.objects.get(action="tenant.shell")
    assert (event.tenant, event.args["write"]) == (acme.uuid, False)
    assert event.args["code"] == code


WRITING = "from django.contrib.auth.models import Group; Group.objects.create(name='x')"


def test_shell_cannot_change_data_unless_it_is_told_to(acme) -> None:
    code, line = fails("shell", "acme", "-c", WRITING)
    assert code == 4
    assert line.endswith("in a read-only transaction; --write lets it change data.")
    with use(acme):
        assert not Group.objects.filter(name="x").exists()
    run("shell", "acme", "--write", "-c", WRITING)
    with use(acme):
        assert Group.objects.filter(name="x").exists()


LOOKING = """
from django.db import connection
with connection.cursor() as cursor:
    for name in ("transaction_read_only", "default_transaction_read_only"):
        cursor.execute(f"SHOW {name}")
        print(*cursor.fetchone(), flush=True)
"""


def test_behind_a_pooler_a_shell_leaves_no_server_read_only(
    acme, monkeypatch, capsys
) -> None:
    """What a session is told stays on a server connection, which others get next."""
    monkeypatch.setattr(connections["default"], "by_transaction", True)
    connection.close()
    said = run("shell", "acme", "-c", LOOKING) + capsys.readouterr().out
    assert said.splitlines()[-2:] == ["on", "off"]
    code, line = fails("shell", "acme", "-c", WRITING)
    assert (code, "read-only transaction" in line) == (4, True)
    with use(acme):
        assert not Group.objects.filter(name="x").exists()


def test_what_a_shell_leaves_behind_is_no_session_that_only_reads(acme) -> None:
    run("shell", "acme", "-c", "pass")
    with use(acme):
        Group.objects.create(name="y")


def test_shell_cannot_reach_another_tenant(acme, globex) -> None:
    code = (
        "from django.db import connection;"
        f" connection.cursor().execute('SELECT * FROM {globex.schema_name}.auth_group')"
    )
    assert "permission denied" in fails("shell", "acme", "-c", code)[1]


def test_no_shell_opens_in_a_tenant_that_is_stopped_or_unknown(
    acme, tenant_row
) -> None:
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Why.", by="operator")
    assert fails("shell", "acme", "-c", "pass")[0] == 4
    assert fails("shell", "nobody", "-c", "pass")[0] == 3
    with use_control():
        assert not OperatorEvent.objects.filter(action="tenant.shell").exists()


# check


@pytest.fixture
def _healthy(acme, globex, settings) -> None:
    settings.SILENCED_SYSTEM_CHECKS = [
        problem.id
        for problem in checkup.checks.run_checks(databases=["default"])
        if problem.level >= checkup.checks.WARNING
    ]
    compile_template()
    with use_control():
        WakeUp.objects.update(next_due=None, lease_until=None)


@pytest.mark.usefixtures("_healthy")
def test_check_says_what_it_looked_at() -> None:
    lines = run("check").splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["CHECK", "STATE"],
        *([name, "ok"] for name in checkup.LOOKS),
    ]


@pytest.mark.usefixtures("_healthy")
def test_check_as_json_says_the_same() -> None:
    found = json.loads(run("check", "--json"))
    assert [one["check"] for one in found] == list(checkup.LOOKS)
    assert all(one["ok"] for one in found)
    assert set(found[0]) == {"check", "ok", "said"}


@pytest.mark.usefixtures("_healthy")
def test_check_ends_with_6_and_names_what_is_not_well(acme, tenant_row) -> None:
    with use_control():
        WakeUp.objects.filter(tenant__uuid=acme.uuid).update(
            next_due=clock.now() - timedelta(minutes=5)
        )
        plan = MigrationPlan.objects.create(from_rev="a", to_rev="b", migrations=[])
        MigrationLedger.objects.create(
            plan=plan, tenant=tenant_row("acme"), state=MigrationLedger.State.FAILED
        )
    assert fails("check") == (6, "Not well: ledger, work")


@pytest.mark.usefixtures("_healthy")
def test_a_look_that_breaks_is_a_check_that_failed(monkeypatch) -> None:
    monkeypatch.setitem(checkup.LOOKS, "pool", lambda: 1 / 0)
    assert fails("check") == (6, "Not well: pool")
    (pool,) = [one for one in checkup.look() if one.name == "pool"]
    assert pool.said == "ZeroDivisionError: division by zero"


def test_a_word_on_the_channel_is_heard() -> None:
    assert listener.hears()
