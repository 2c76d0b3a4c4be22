"""From an order to a ready tenant: whole, resumed, or undone to the last row."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections

from kernel import clock
from kernel.errors import Invalid
from tenants import provisioning
from tenants.context import use, use_control
from tenants.errors import KeyUsed, ProvisioningFailed, SlugTaken
from tenants.models import (
    Domain,
    OperatorEvent,
    ProvisioningRun,
    ProvisioningStep,
    Tenant,
    WakeUp,
)
from tenants.provisioning import steps
from tenants.provisioning.locks import keys
from tenants.provisioning.saga import PAUSES, advance
from tenants.states import State
from tests.tenants import seeds
from tests.tenants.worker import ROOT, surroundings

NAMES = ["reserve", "schema", "seed", "schedule", "activate", "announce"]
NOTE = "tests.tenants.seeds.note"
BREAK = "tests.tenants.seeds.break_down"
ORDER = {
    "slug": "newcomer",
    "name": "Newcomer",
    "owner_email": "operator@newcomer.test",
}
SOON = (0.0, 0.0, 0.0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_seeds() -> None:
    seeds.calls.clear()
    seeds.faults.update(left=0, error=RuntimeError("the seed step broke"))


def schemas() -> set[str]:
    with use_control(), connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'")
        return {name for (name,) in cursor.fetchall()}


def leftovers() -> dict[str, int]:
    """Return what is there of newcomer, table by table."""
    with use_control():
        return {
            "tenants": Tenant.objects.filter(slug="newcomer").count(),
            "domains": Domain.objects.filter(domain="newcomer.localhost").count(),
            "wake-ups": WakeUp.objects.filter(tenant__slug="newcomer").count(),
        }


NOTHING = {"tenants": 0, "domains": 0, "wake-ups": 0}


def step_states(run: ProvisioningRun) -> list[str]:
    with use_control():
        return list(run.steps.values_list("state", flat=True))


def only_run() -> ProvisioningRun:
    with use_control():
        return ProvisioningRun.objects.get(slug="newcomer")


def test_an_order_becomes_a_ready_tenant() -> None:
    tenant = provisioning.provision(**ORDER, seed=[NOTE], by="operator")
    assert tenant.state == State.ACTIVE
    assert tenant.info().primary_domain == "newcomer.localhost"
    assert tenant.schema_name in schemas()
    with use(tenant):
        assert Group.objects.filter(name="of operator@newcomer.test").exists()
    run = only_run()
    assert run.state == "done"
    assert step_states(run) == ["done"] * 6
    with use_control():
        row = WakeUp.objects.get(tenant=tenant)
        actions = OperatorEvent.objects.filter(tenant=tenant.uuid)
        assert list(actions.order_by("at").values_list("action", "actor")) == [
            ("tenant.ordered", "operator"),
            ("tenant.active", "operator"),
            ("tenant.provisioned", "operator"),
        ]
    assert row.enabled
    assert row.next_due is not None


def test_the_steps_of_the_settings_fill_a_tenant(visitor) -> None:
    provisioning.provision(**ORDER)
    assert visitor("newcomer.localhost").get("/accounts/sign-in").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "admin"),
        ("slug", "x"),
        ("name", ""),
        ("name", "<b>"),
        ("name", "a\x00b"),
        ("owner_email", "nobody"),
        ("owner_email", "a\x00@b.test"),
        ("locale", "tlh"),
        ("timezone", "Mars/Olympus"),
    ],
)
def test_a_wrong_order_is_refused_before_anything_is_written(field, value) -> None:
    with pytest.raises(Invalid):
        provisioning.provision(**{**ORDER, field: value})
    assert leftovers() == NOTHING


def test_a_slug_that_is_taken_is_refused(acme) -> None:
    before = schemas()
    with pytest.raises(SlugTaken):
        provisioning.provision(**{**ORDER, "slug": "acme"})
    assert schemas() == before


def test_prv_3_the_same_key_is_the_same_run() -> None:
    first = provisioning.begin(**ORDER, key="k1", background=False)
    second = provisioning.begin(**ORDER, key="k1", background=False)
    assert first.pk == second.pk
    assert leftovers()["tenants"] == 1


def test_prv_3_whoever_asks_again_gets_the_same_run() -> None:
    first = provisioning.begin(**ORDER, key="k1", by="os:alice", background=False)
    again = {**ORDER, "owner_email": " Operator@Newcomer.test "}
    second = provisioning.begin(**again, key="k1", by="os:bob", background=False)
    assert first.pk == second.pk


@pytest.mark.parametrize(
    "other",
    [
        {"slug": "another"},
        {"name": "Another"},
        {"owner_email": "mallory@newcomer.test"},
        {"owner_name": "Mallory"},
        {"locale": "de"},
        {"timezone": "Europe/Berlin"},
        {"plan": "gold"},
        {"mail": False},
    ],
    ids=str,
)
def test_prv_3_a_key_is_for_one_order(other, settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    provisioning.begin(**ORDER, key="k1", background=False)
    with pytest.raises(KeyUsed):
        provisioning.begin(**{**ORDER, **other}, key="k1", background=False)
    assert leftovers()["tenants"] == 1
    with use_control():
        assert not Tenant.objects.filter(slug="another").exists()


def test_of_many_orders_for_one_slug_exactly_one_wins() -> None:
    before, barrier = schemas(), Barrier(6)

    def order(number: int) -> str:
        barrier.wait()
        try:
            provisioning.provision(**ORDER, seed=[NOTE], by=f"thread {number}")
        except SlugTaken:
            return "taken"
        else:
            return "made"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        results = sorted(pool.map(order, range(6)))
    assert results == ["made", *["taken"] * 5]
    assert len(schemas() - before) == 1
    assert seeds.calls == ["newcomer"]


def test_prv_50_orders_at_once_of_which_ten_want_one_slug_all_end_right() -> None:
    """One of the ten wins, and the others leave nothing."""
    before, barrier = schemas(), Barrier(50)
    wanted = ["contested"] * 10 + [f"crowd-{number:02}" for number in range(40)]

    def order(slug: str) -> str:
        barrier.wait()
        try:
            provisioning.provision(**{**ORDER, "slug": slug}, seed=[], pauses=SOON)
        except SlugTaken:
            return "taken"
        else:
            return "made"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(order, wanted))
    assert sorted(results[:10]) == ["made", *["taken"] * 9]
    assert results[10:] == ["made"] * 40
    with use_control():
        made = Tenant.objects.filter(slug__in=wanted)
        assert {tenant.slug for tenant in made} == set(wanted)
        assert {tenant.state for tenant in made} == {State.ACTIVE}
        assert schemas() - before == {tenant.schema_name for tenant in made}
        assert Domain.objects.filter(tenant__in=made).count() == 41
        runs = ProvisioningRun.objects.filter(slug__in=wanted)
        assert {run.state for run in runs} == {ProvisioningRun.State.DONE}
        assert len(runs) == 41


def test_of_many_orders_with_one_key_all_get_the_one_tenant() -> None:
    barrier = Barrier(4)

    def order(_number: int) -> str:
        barrier.wait()
        try:
            return str(provisioning.provision(**ORDER, seed=[NOTE], key="k1").uuid)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(order, range(4)))) == 1
    assert seeds.calls == ["newcomer"]


def test_prv_2_a_step_that_fails_is_tried_again_three_times() -> None:
    seeds.faults["left"] = 3
    tenant = provisioning.provision(**ORDER, seed=[BREAK], pauses=SOON)
    assert tenant.state == State.ACTIVE
    with use_control():
        step = ProvisioningStep.objects.get(run__slug="newcomer", name="seed")
    assert (step.state, step.attempts) == ("done", 4)
    assert (step.error_code, step.error_text) == ("", "")
    with use(tenant):
        assert not Group.objects.filter(name="half written").exists()


@pytest.mark.parametrize(
    ("seed", "code"),
    [
        (BREAK, "RuntimeError"),
        ("tests.tenants.seeds.break_the_database", "ProgrammingError"),
        ("tests.tenants.seeds.no_such_step", "ImportError"),
    ],
)
def test_a_step_that_keeps_failing_is_undone_to_the_last_row(seed, code) -> None:
    before = schemas()
    seeds.faults["left"] = 99
    with pytest.raises(ProvisioningFailed, match=f"seed failed with {code}"):
        provisioning.provision(**ORDER, seed=[NOTE, seed], pauses=SOON)
    assert leftovers() == NOTHING
    assert schemas() == before
    run = only_run()
    assert run.state == "failed"
    assert run.tenant_id is None
    assert step_states(run) == ["undone"] * 3 + ["waiting"] * 3
    with use_control():
        step = run.steps.get(name="seed")
        last = OperatorEvent.objects.filter(tenant=run.tenant_uuid).latest("at")
    assert (step.attempts, step.error_code) == (4, code)
    assert last.action == "tenant.provisioning_failed"


def test_a_slug_is_free_again_after_a_failure() -> None:
    seeds.faults["left"] = 4
    with pytest.raises(ProvisioningFailed):
        provisioning.provision(**ORDER, seed=[BREAK], pauses=SOON)
    assert provisioning.begin(**ORDER, background=False).is_open


class Killed(BaseException):
    """The process ends here, as far as the saga can tell."""


def test_prv_2_a_run_killed_before_and_after_each_step_is_resumed(monkeypatch) -> None:
    kills: list[str] = []

    def deadly(step: steps.Step) -> steps.Step:
        def forward(run: ProvisioningRun) -> None:
            for when in ("before", "after"):
                if f"{when} {step.name}" not in kills:
                    kills.append(f"{when} {step.name}")
                    raise Killed
                step.forward(run)

        return steps.Step(step.name, step.label, forward, step.back, step.vital)

    for step in steps.STEPS:
        monkeypatch.setitem(steps.BY_NAME, step.name, deadly(step))
    run = provisioning.begin(**ORDER, seed=[NOTE], background=False)
    for kill in range(1, 2 * len(NAMES) + 1):
        with pytest.raises(Killed):
            provisioning.drive(run.pk, pauses=SOON)
        assert len(kills) == kill
        assert only_run().is_open
    with use_control():
        ProvisioningRun.objects.update(resume_at=clock.now())
    assert provisioning.resume_due() == 1
    run = only_run()
    assert (run.state, step_states(run)) == ("done", ["done"] * 6)
    assert leftovers() == {"tenants": 1, "domains": 1, "wake-ups": 1}


def test_a_try_that_failed_keeps_the_connection_that_holds_the_runs_lock() -> None:
    seeds.faults["left"] = 1
    before = backend()
    connection.close_at = 0.0  # older than Django keeps one
    try:
        assert provisioning.provision(**ORDER, seed=[BREAK], pauses=SOON)
        assert backend() == before
    finally:
        connection.close_at = None


def backend() -> int:
    with use_control(), connection.cursor() as cursor:
        return int(cursor.execute("SELECT pg_backend_pid()").fetchone()[0])


def test_a_step_that_kills_its_process_each_time_is_given_up() -> None:
    seeds.faults.update(left=99, error=Killed())
    before = schemas()
    run = provisioning.begin(**ORDER, seed=[BREAK], background=False)
    for _try in range(4):
        with pytest.raises(Killed):
            provisioning.drive(run.pk, pauses=SOON)
    assert provisioning.drive(run.pk, pauses=SOON).state == "failed"
    assert leftovers() == NOTHING
    assert schemas() == before


@pytest.mark.parametrize("name", ["reserve", "schema", "activate"])
def test_a_failure_at_any_vital_step_leaves_nothing(monkeypatch, name) -> None:
    before, step = schemas(), steps.BY_NAME[name]

    def fail(run: ProvisioningRun) -> None:
        step.forward(run)
        raise RuntimeError("no way forward")

    if name == "activate":
        # Once the tenant is open there is no way back, so this one fails before.
        def fail(run: ProvisioningRun) -> None:
            raise RuntimeError("no way forward")

    broken = steps.Step(name, step.label, fail, step.back)
    monkeypatch.setitem(steps.BY_NAME, name, broken)
    with pytest.raises(ProvisioningFailed, match=f"step {name} failed"):
        provisioning.provision(**ORDER, seed=[NOTE], pauses=SOON)
    assert leftovers() == NOTHING
    assert schemas() == before


def test_an_announcement_that_fails_leaves_the_tenant_open(monkeypatch) -> None:
    step = steps.BY_NAME["announce"]

    def fail(run: ProvisioningRun) -> None:
        raise RuntimeError("no voice")

    quiet = steps.Step("announce", step.label, fail, vital=False)
    monkeypatch.setitem(steps.BY_NAME, "announce", quiet)
    tenant = provisioning.provision(**ORDER, seed=[NOTE], pauses=SOON)
    assert tenant.state == State.ACTIVE
    assert step_states(only_run()) == ["done"] * 5 + ["failed"]


def test_a_way_back_that_is_blocked_is_tried_again_later(monkeypatch) -> None:
    before, blocked, name = schemas(), [], "schema"
    step = steps.BY_NAME[name]

    def once(run: ProvisioningRun) -> None:
        if not blocked:
            blocked.append(name)
            raise RuntimeError("blocked")
        step.back(run)

    monkeypatch.setitem(
        steps.BY_NAME, name, steps.Step(name, step.label, step.forward, once)
    )
    seeds.faults["left"] = 99
    run = provisioning.begin(**ORDER, seed=[BREAK])
    assert provisioning.drive(run.pk, pauses=SOON).state == "compensating"
    assert leftovers()["tenants"] == 1
    with use_control():
        assert Tenant.objects.get(slug="newcomer").state == State.FAILED
        ProvisioningRun.objects.update(resume_at=clock.now())
    provisioning.resume_due()
    assert only_run().state == "failed"
    assert leftovers() == NOTHING
    assert schemas() == before


def test_prv_1_a_run_that_another_process_holds_is_left_alone() -> None:
    run = provisioning.begin(**ORDER, seed=[NOTE])
    other = connections.create_connection("default")
    with use_control(), other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", keys(run.tenant_uuid))
        assert advance(run, PAUSES) is None
        other.close()
    assert only_run().state == "running"
    assert provisioning.drive(run.pk).state == "done"


def test_a_process_killed_in_a_step_is_followed_by_another(tmp_path) -> None:
    flag = tmp_path / "die"
    flag.touch()
    run = provisioning.begin(
        **ORDER, seed=[NOTE, "tests.tenants.seeds.die"], background=False
    )
    environment = {**os.environ, **surroundings(), "TESTS_DIE_AT": str(flag)}
    code = (
        "import django; django.setup(); from tenants import provisioning;"
        f" provisioning.drive({str(run.pk)!r})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=environment,
        cwd=ROOT,
        timeout=60,
    )
    assert ended.returncode == 9
    assert step_states(only_run())[:3] == ["done", "done", "running"]
    os.environ["TESTS_DIE_AT"] = str(flag)
    try:
        assert provisioning.drive(run.pk).state == "done"
    finally:
        del os.environ["TESTS_DIE_AT"]


def test_an_error_text_that_cannot_be_stored_does_not_stop_the_saga() -> None:
    seeds.faults.update(left=99, error=RuntimeError("\x00" + "x" * 2000))
    with pytest.raises(ProvisioningFailed):
        provisioning.provision(**ORDER, seed=[BREAK], pauses=SOON)
    with use_control():
        step = ProvisioningStep.objects.get(run__slug="newcomer", name="seed")
    assert step.error_text == "x" * 500


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ("repeat_a_row", "duplicate key value violates unique constraint"),
        ("write_a_wrong_value", "InvalidTextRepresentation (22P02)"),
    ],
)
def test_an_error_text_holds_no_value_of_a_row(seed, words) -> None:
    with pytest.raises(ProvisioningFailed) as caught:
        provisioning.provision(**ORDER, seed=[f"tests.tenants.seeds.{seed}"], pauses=())
    with use_control():
        step = ProvisioningStep.objects.get(run__slug="newcomer", name="seed")
    assert step.error_text.startswith(words)
    assert "secret" not in step.error_text + str(caught.value)


def test_a_silent_run_is_found_by_the_tick_and_a_fresh_one_is_not() -> None:
    with clock.frozen():
        provisioning.begin(**ORDER, seed=[NOTE], background=False)
        assert provisioning.resume_due() == 0
        clock.advance(provisioning.saga.MESSAGE_DELAY)
        assert provisioning.resume_due() == 1
    assert only_run().state == "done"
