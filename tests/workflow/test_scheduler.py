"""Scans, actions and notices by cron and by Celery, under the seed's names."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from accounts.models import MailMessage
from kernel import clock
from tenants import scheduler as run_by
from tenants.context import context_uuid, use
from tenants.management import finding
from tests.workflow.processes import (
    approval,
    at,
    behaving,
    do,
    install,
    sent_for_approval,
    standing,
    start,
)
from workflow import handing, scheduler, tasks, timers
from workflow.models import Timer, WorkItem

CRON_SCAN = {
    "scheduled": False,
    "backend": "cron",
    "message": "Use goflow_cron management command via linux cron",
}
CELERY = {"scheduled": True, "backend": "celery"}


@pytest.fixture
def waiting(in_acme, alice, bob) -> WorkItem:
    install(approval())
    return sent_for_approval(alice, bob)


@pytest.mark.parametrize(
    "name",
    [
        "workflow.scheduler.CronSchedulerBackend",
        "goflow.runtime.scheduler.CronSchedulerBackend",
    ],
)
def test_the_cron_backend_answers_as_the_seed(waiting, bob, settings, name):
    settings.GOFLOW_SCHEDULER_BACKEND = name
    assert scheduler.schedule_timeout_scan() == CRON_SCAN
    assert scheduler.schedule_sla_scan() == CRON_SCAN
    answer = scheduler.schedule_workitem_action(
        waiting.pk, "activate", actor_username="bob"
    )
    assert answer == {"scheduled": True, "backend": "cron", "inline": True}
    assert at(waiting.instance, "approve").user == bob
    answer = scheduler.schedule_notification(bob.pk, [waiting.pk])
    assert answer == {"scheduled": True, "backend": "cron", "inline": True}
    assert MailMessage.objects.get(template="workflow/work_waiting").to == [
        "bob@acme.test"
    ]


def test_actions_answer_as_the_seed(waiting):
    act = scheduler.workitem_action
    assert act(waiting.pk, "activate", actor_username="bob") == {
        "status": "activated",
        "workitem_id": waiting.pk,
    }
    assert act(waiting.pk, "complete", actor_username="bob", condition="REJECTED") == {
        "status": "completed",
        "workitem_id": waiting.pk,
    }
    again = at(waiting.instance, "ask")
    assert act(again.pk) == {"status": "forwarded", "workitem_id": again.pk}
    assert at(waiting.instance, "ask").status == "inactive"
    with pytest.raises(ValueError, match="delete"):
        act(waiting.pk, "delete")


def test_the_celery_backend_sends_after_the_commit(
    waiting, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.GOFLOW_SCHEDULER_BACKEND = (
        "goflow.runtime.scheduler.CelerySchedulerBackend"
    )
    sent = []
    for name in ("timeout_scan", "sla_scan", "workitem_action", "notification"):
        task = getattr(tasks, f"{name}_task")
        monkeypatch.setattr(
            task, "delay", lambda *args, name=name, **_: sent.append((name, *args))
        )
    with django_capture_on_commit_callbacks() as callbacks:
        assert scheduler.schedule_timeout_scan() == CELERY
        assert scheduler.schedule_sla_scan() == CELERY
        assert scheduler.schedule_workitem_action(waiting.pk) == CELERY
        assert scheduler.schedule_notification(7, [1]) == CELERY
        assert sent == []
    for callback in callbacks:
        callback()
    assert sent == [
        ("timeout_scan",),
        ("sla_scan",),
        ("workitem_action", waiting.pk, "forward"),
        ("notification", 7, [1]),
    ]
    with pytest.raises(ValueError, match="nonsense"):
        scheduler.schedule_workitem_action(1, "nonsense")


def test_the_tasks_do_the_work(waiting, bob, frozen_clock):
    assert tasks.notification_task(bob.pk) == {"status": "notified", "user_id": bob.pk}
    clock.advance(timedelta(days=3))
    assert tasks.timeout_scan_task() == {
        "timeout_transitions": 1,
        "checked_workitems": 1,
        "triggered_workitems": 1,
    }
    assert tasks.sla_scan_task() == {
        "sla_checked": 0,
        "sla_warned": 0,
        "sla_breached": 0,
    }


def test_a_pushed_item_is_told_by_mail_once_and_in_the_tenants_name(
    in_acme, alice, bob
):
    install(approval(push_application="tests.push"))
    item = start(alice)
    with behaving(push=lambda workitem: bob):
        do(item, alice)
    assert timers.run_due(10) == 1
    assert timers.run_due(10) == 0
    message = MailMessage.objects.get(template="workflow/work_waiting")
    assert message.to == ["bob@acme.test"]
    [listed] = message.context["items"]
    pushed = at(item.instance, "approve")
    assert listed["url"] == (
        f"http://acme.localhost:8000/workflow/workitems/{pushed.pk}/"
    )


def test_an_answer_that_is_faster_than_the_mail_makes_it_needless(in_acme, alice, bob):
    install(approval(push_application="tests.push"))
    item = start(alice)
    with behaving(push=lambda workitem: bob):
        do(item, alice)
    do(at(item.instance, "approve"), bob, "APPROVED")
    timers.run_due(10)
    assert not MailMessage.objects.filter(template="workflow/work_waiting").exists()
    assert not Timer.objects.pending().exists()


def test_who_gets_a_work_item_back_is_told_again(in_acme, alice, bob, carol):
    install(approval(push_application="tests.push"))
    item = start(alice)
    with behaving(push=lambda workitem: bob):
        do(item, alice)
    timers.run_due(10)
    pushed = at(item.instance, "approve")
    handing.delegate_work_item(pushed, to=carol, by=bob, return_to_me=True)
    timers.run_due(10)
    do(at(item.instance, "approve"), carol, "APPROVED")
    timers.run_due(10)
    told = MailMessage.objects.filter(template="workflow/work_waiting").order_by("pk")
    assert [message.to for message in told] == [
        ["bob@acme.test"],
        ["carol@acme.test"],
        ["bob@acme.test"],
    ]


def test_a_mail_that_cannot_be_written_is_tried_again_later(
    in_acme, alice, bob, monkeypatch, frozen_clock
):
    from workflow import notices

    install(approval(push_application="tests.push"))
    item = start(alice)
    with behaving(push=lambda workitem: bob):
        do(item, alice)

    def fails(*_args, **_kwargs):
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setattr(notices.mail, "put", fails)
        assert timers.run_due(10) == 1
    assert timers.run_due(10) == 0
    clock.advance(timedelta(seconds=10))
    assert timers.run_due(10) == 1
    assert MailMessage.objects.filter(template="workflow/work_waiting").count() == 1


@pytest.fixture
def late(acme, alice, bob, frozen_clock) -> WorkItem:
    """Return an item of acme whose timeout is due, with nothing entered."""
    with use(acme):
        install(approval())
        item = sent_for_approval(alice, bob)
        clock.advance(timedelta(days=3))
    return item


def cron(*args: str) -> str:
    out = StringIO()
    call_command("goflow_cron", *args, stdout=out)
    return out.getvalue()


def test_goflow_cron_fires_what_is_due_and_says_so(acme, late):
    said = cron("--tenant", "acme")
    assert said == (
        "goflow_cron done: timeout_transitions=1, checked_workitems=1,"
        " triggered_workitems=1, sla_checked=0, sla_warned=0, sla_breached=0\n"
    )
    with use(acme):
        assert standing(late.instance)[-1] == ("escalate", "inactive")
    assert "triggered_workitems=0" in cron("--tenant", "acme")


def test_goflow_cron_of_one_tenant_leaves_the_other_alone(acme, late):
    cron("--tenant", "globex")
    with use(acme):
        assert at(late.instance, "approve").status == "inactive"


def test_goflow_cron_works_for_all_tenants_and_prints_json(acme, late):
    lines = [json.loads(line) for line in cron("--all-tenants", "--json").splitlines()]
    mine = next(line for line in lines if line["tenant"] == "acme")
    assert mine["triggered_workitems"] == 1
    assert set(mine) >= {"timeout_transitions", "sla_checked", "mails"}
    assert {line["tenant"] for line in lines} >= {"acme", "globex"}


def test_goflow_cron_means_all_tenants_where_none_is_named(acme, globex, late):
    lines = cron().splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["acme:", "goflow_cron"]
    assert "triggered_workitems=1" in lines[0]
    assert "triggered_workitems=1" in lines[1]
    with use(acme):
        assert standing(late.instance)[-1] == ("escalate", "inactive")


def test_goflow_cron_refuses_wrong_usage(acme):
    for args in (["--tenant", "nobody"], ["--tenant", "acme", "--all-tenants"]):
        with pytest.raises(CommandError) as refusal:
            cron(*args)
        assert refusal.value.returncode == 2


def test_goflow_cron_ends_with_1_where_a_tenant_failed(acme, late, monkeypatch):
    def fails(limit):
        raise RuntimeError

    monkeypatch.setattr(timers, "run_due", fails)
    with pytest.raises(CommandError) as refusal:
        cron("--tenant", "acme")
    assert refusal.value.returncode == 1


def test_goflow_cron_ends_with_3_where_some_tenants_failed(
    acme, globex, late, monkeypatch
):
    def fails_in_acme(limit):
        if context_uuid() == acme.uuid:
            raise RuntimeError
        return 0

    monkeypatch.setattr(timers, "run_due", fails_in_acme)
    out = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("goflow_cron", "--json", stdout=out)
    assert refusal.value.returncode == 3
    told = {one["tenant"]: one for one in map(json.loads, out.getvalue().splitlines())}
    assert told["acme"]["error"] == "Failed: acme: workflow.timers"
    assert "error" not in told["globex"]


def test_goflow_cron_says_where_the_platforms_own_work_failed(acme, monkeypatch):
    monkeypatch.setattr(
        run_by,
        "look_after",
        lambda result, _seen: result.failed.append("control: mail"),
    )
    with pytest.raises(CommandError, match="control: mail") as refusal:
        cron()
    assert refusal.value.returncode == 3
    assert cron("--tenant", "acme").startswith("goflow_cron done: ")


def test_goflow_cron_looks_after_the_platform_before_there_is_a_tenant(
    acme, monkeypatch
):
    looked = []
    monkeypatch.setattr(finding, "all_served", list)
    monkeypatch.setattr(run_by, "look_after", lambda *seen: looked.append(seen))
    assert cron().count("\n") == 1
    assert len(looked) == 1


def test_a_wrong_setting_is_a_message_at_start_up(settings):
    settings.GOFLOW_LOCK_STRATEGY = "hopeful"
    settings.GOFLOW_TENANT_FILTER = "no.such.function"
    ids = [message.id for message in run_checks()]
    assert "workflow.E001" in ids
    assert "workflow.E002" in ids
