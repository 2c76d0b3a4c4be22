"""`goflow_simulate` and `goflow_samples`: try a process from the command line."""

import io
import json
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from kernel import clock
from tenants.context import use
from tests.workflow.processes import END, A, T, approval, install, process, start
from workflow import samples
from workflow.models import (
    AuditEvent,
    DefaultAppModel,
    Process,
    ProcessInstance,
    Timer,
    WorkItem,
)

SAMPLE = "Sample process"
PARALLEL = "test parallel workflow"


def run(command: str, *args: str) -> str:
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


def simulate(*args: str) -> str:
    return run("goflow_simulate", "--tenant", "acme", *args)


@pytest.fixture(scope="module")
def shared(sharing) -> Iterator[None]:
    with sharing() as within:
        with within("acme"):
            samples.install()
        yield


@pytest.fixture
def ready(shared, acme):
    return acme


def test_samples_are_installed_for_the_named_tenants_only(acme, globex):
    assert run("goflow_samples", "--tenant", "acme") == (
        "Sample process is published.\ntest parallel workflow is published.\n"
    )
    told = json.loads(run("goflow_samples", "--tenant", "acme", "--json"))
    assert told == {"tenant": "acme", "processes": [SAMPLE, PARALLEL]}
    with use(acme):
        assert Process.objects.filter(code=SAMPLE).count() == 1
    with use(globex):
        assert not Process.objects.filter(code=SAMPLE).exists()


def test_instances_are_started_on_default_documents(ready):
    told = simulate("--process", SAMPLE, "--count", "3", "--user", "alice")
    assert told == "Created 3 simulation instance(s).\n"
    with use(ready):
        rows = ProcessInstance.objects.select_related("user")
        assert {(row.title, row.user.username) for row in rows} == {
            ("simulation", "alice")
        }
        assert DefaultAppModel.objects.count() == 3
        assert WorkItem.objects.open().count() == 3


@pytest.mark.parametrize("process", [SAMPLE, PARALLEL])
def test_they_are_walked_to_the_end_without_waiting(ready, process):
    before = clock.now()
    told = simulate("--process", process, "--count", "12", "--run", "--seed", "7")
    assert told == (
        "Created 12 simulation instance(s).\n12 reached the end, 0 did not.\n"
    )
    with use(ready):
        assert not ProcessInstance.objects.exclude(status="complete").exists()
        assert not Timer.objects.pending().filter(kind="timeout").exists()
        late = AuditEvent.objects.filter(action="workitem.timeout").count()
    assert (late > 0) == (process == PARALLEL)
    assert (clock.now() - before).days == 0


def test_the_same_seed_draws_the_same_answers(ready):
    def drawn() -> list[tuple[str, ...]]:
        simulate("--process", PARALLEL, "--count", "5", "--run", "--seed", "42")
        with use(ready):
            last = ProcessInstance.objects.order_by("-id")[:5]
            return [
                tuple(
                    WorkItem.objects.filter(instance=row)
                    .order_by("id")
                    .values_list("activity__key", flat=True)
                )
                for row in last
            ]

    assert drawn() == drawn()


def test_the_work_of_others_does_not_fall_due_meanwhile(ready, alice, bob):
    with use(ready):
        install(approval())
        other = start(alice)
        other.activate(alice)
        other.complete(alice)
    simulate("--process", PARALLEL, "--count", "5", "--run", "--seed", "1")
    with use(ready):
        assert AuditEvent.objects.filter(action="workitem.timeout").exists()
        waiting = WorkItem.objects.open().get(instance=other.instance_id)
        assert waiting.activity.key == "approve"


def test_work_is_done_by_people_who_may(ready):
    with use(ready):
        install(approval(roles=("Managers",)))
    simulate("--process", "test", "--count", "4", "--run", "--seed", "3")
    with use(ready):
        done = WorkItem.objects.filter(activity__key="approve", status="complete")
        assert done.exists()
        assert all(item.user.groups.filter(name="Managers").exists() for item in done)


def test_what_gets_stuck_is_told_and_ends_with_1(ready):
    with use(ready):
        from django.contrib.auth.models import Group

        Group.objects.create(name="Nobody's")
        install(
            process(
                A("ask", "Ask"),
                A("work", "Work", roles=("Nobody's",)),
                END,
                ways=(T("ask", "work"), T("work", "end")),
            )
        )
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command(
            "goflow_simulate",
            "--tenant=acme",
            "--process=test",
            "--run",
            "--json",
            stdout=out,
        )
    assert ended.value.returncode == 1
    told = json.loads(out.getvalue())
    assert (told["tenant"], told["created"], told["complete"]) == ("acme", 1, 0)
    [stuck] = told["stuck"]
    assert stuck["why"] == "Nobody can go on at Work."
    assert set(stuck) == {"instance", "moves", "why"}
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command(
            "goflow_simulate", "--tenant=acme", "--process=test", "--run", stdout=out
        )
    lines = out.getvalue().splitlines()
    assert lines[1] == "0 reached the end, 1 did not."
    assert lines[2].startswith("Instance ")
    assert lines[2].endswith(": Nobody can go on at Work.")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--process", "no such"), "There is no such process."),
        (("--process", SAMPLE, "--user", "nobody"), "There is nobody of this name"),
        (("--process", SAMPLE, "--user", "workflow-auto"), "There is nobody"),
    ],
)
def test_without_process_or_user_it_ends_with_1(ready, args, words):
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("goflow_simulate", "--tenant", "acme", *args, stdout=out)
    assert ended.value.returncode == 1
    assert words in out.getvalue()
    with use(ready):
        assert not ProcessInstance.objects.exists()
        assert not DefaultAppModel.objects.exists()


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--process", SAMPLE, "--count", "0"),
        ("--process", SAMPLE, "--count", "-1"),
        ("--process", SAMPLE, "--count", "many"),
        ("--process", SAMPLE, "--count", "99999999999"),
        ("--process", SAMPLE, "--seed", "x"),
    ],
)
def test_bad_typing_is_refused_before_anything_is_done(ready, args):
    with pytest.raises(CommandError):
        simulate(*args)
    with use(ready):
        assert not ProcessInstance.objects.exists()


@pytest.mark.parametrize(
    "args",
    [(), ("--tenant", "nowhere"), ("--tenant", "acme", "--all-tenants")],
)
def test_without_a_tenant_it_ends_with_2(acme, globex, args):
    with pytest.raises(CommandError) as ended:
        run("goflow_samples", *args)
    assert ended.value.returncode == 2


def test_some_tenants_may_fail_and_the_others_are_done(ready, globex):
    out = io.StringIO()
    with pytest.raises(CommandError) as ended:
        call_command(
            "goflow_simulate", "--all-tenants", "--process", SAMPLE, stdout=out
        )
    assert ended.value.returncode == 3
    told = out.getvalue()
    assert "acme: Created 1 simulation instance(s)." in told
    assert "globex: There is no such process." in told
