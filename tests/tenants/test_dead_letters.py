"""A refused task is kept, seen by operators, and sent again when its tenant resumes."""

import math
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery.canvas import Signature

from accounts.models import User
from config.celery import app
from kernel import clock
from tenants import scheduler
from tenants.carrying import broker as sender
from tenants.carrying import dead_letters
from tenants.carrying.dead_letters import Reason
from tenants.carrying.publishing import address_of
from tenants.context import TenantInfo, use_control
from tenants.models import DeadLetter, OperatorEvent, WakeUp
from tenants.scheduling import sources, wake_ups
from tenants.states import State, change_state
from tests.tenants import worker
from tests.tenants.tasks import follow, remember

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def corner(settings) -> Iterator[str]:
    """Return the prefix under which messages lie that nobody takes."""
    settings.TENANT_DUE_SOURCES = []
    sender._quiet_until = 0.0
    prefix = f"tests-{uuid4().hex}:"
    with worker.cornered(app, prefix):
        yield prefix


def message(tenant: TenantInfo | None, word: str = "word", **more: Any) -> Signature:
    options = {"task_id": f"id of {word}", "queue": "default", **more}
    headers = address_of(tenant) if tenant else {}
    return remember.s(word).set(headers=headers, **options)


def keep(
    tenant: TenantInfo | None,
    word: str = "word",
    *,
    reason: Reason = Reason.STOPPED,
    **more: Any,
) -> None:
    dead_letters.keep(
        message(tenant, word, **more),
        tenant=tenant.uuid if tenant else None,
        reason=reason,
        detail="the tenant is suspended",
    )


def kept() -> list[str]:
    with use_control():
        letters = DeadLetter.objects.order_by("refused_at")
        return [letter.task_id.removeprefix("id of ") for letter in letters]


def events(action: str) -> list[OperatorEvent]:
    with use_control():
        return list(OperatorEvent.objects.filter(action=action).order_by("at"))


def resume(slug: str, tenant_row) -> None:
    for state in (State.SUSPENDED, State.ACTIVE):
        change_state(tenant_row(slug), state, reason="Why.", by="operator")


def words(corner: str) -> list[str]:
    """Return what the messages that wait were told, the first one first."""
    return [
        message["headers"]["argsrepr"].strip("[](),'\"")
        for message in worker.messages(corner)
    ]


def test_a_refused_message_is_kept_whole_with_an_event(acme, corner) -> None:
    keep(acme, link=[follow.s("b")], shadow="another name")
    with use_control():
        letter = DeadLetter.objects.get()
        assert dead_letters.send_again(acme.uuid)
    assert (letter.task, letter.tenant) == ("tests.remember", acme.uuid)
    (event,) = events("task.refused")
    assert (event.actor, event.tenant) == ("system", acme.uuid)
    assert event.result == "the tenant is suspended"
    assert event.args == {"task": "tests.remember", "task_id": "id of word"}
    (sent,) = worker.messages(corner)
    assert sent["headers"]["id"] == "id of word"
    assert sent["headers"]["shadow"] == "another name"
    assert sent["headers"]["tenant"] == str(acme.uuid)
    assert sent["properties"]["delivery_info"]["routing_key"] == "default"


def test_a_message_that_comes_twice_is_kept_once(acme, frozen_clock) -> None:
    keep(acme)
    clock.advance(HOUR / 2)
    keep(acme, reason=Reason.STALE)
    with use_control():
        letter = DeadLetter.objects.get()
    assert (letter.reason, letter.refused_at) == (Reason.STALE, clock.now())


def test_the_book_says_the_same_refusal_once_an_hour(
    acme, globex, frozen_clock
) -> None:
    for number in range(3):
        keep(acme, str(number))
    assert len(events("task.refused")) == 1
    keep(globex, "of globex")
    keep(acme, "stale", reason=Reason.STALE)
    assert len(events("task.refused")) == 3
    clock.advance(HOUR)
    keep(acme, "later")
    assert len(events("task.refused")) == 4
    assert len(kept()) == 6


@pytest.mark.parametrize("word", ["\x00", "\ud800", "ü", "'"])
def test_any_word_can_be_kept(acme, corner, word: str) -> None:
    dead_letters.keep(
        remember.s(word).set(task_id="an id", headers=address_of(acme)),
        tenant=acme.uuid,
        reason=Reason.STOPPED,
        detail="x" * 300,
    )
    with use_control():
        assert dead_letters.send_again(acme.uuid)
    assert len(worker.messages(corner)) == 1


def test_what_waited_is_sent_again_once_when_the_tenant_resumes(
    acme, globex, corner, tenant_row, frozen_clock
) -> None:
    for word in ("first", "second"):
        keep(acme, word)
        keep(globex, f"{word} of globex")
        clock.advance(timedelta(seconds=1))
    keep(acme, "stale", reason=Reason.STALE)
    keep(None, "nameless", reason=Reason.NAMELESS)
    resume("acme", tenant_row)
    scheduler.run_all_inline(only=[acme.uuid])
    assert words(corner) == ["first", "second"]
    assert {"first", "second"}.isdisjoint(kept())
    assert len(kept()) == 4
    (event,) = events("tasks.sent_again")
    assert (event.tenant, event.args) == (acme.uuid, {"count": 2})
    clock.advance(HOUR)
    with use_control():
        wake_ups.lower(acme.uuid, clock.now())
    scheduler.run_all_inline(only=[acme.uuid])
    assert len(worker.messages(corner)) == 2


def test_nothing_is_sent_again_while_the_tenant_is_stopped(
    acme, corner, tenant_row
) -> None:
    change_state(tenant_row("acme"), State.SUSPENDED, reason="Why.", by="operator")
    keep(acme)
    scheduler.run_all_inline()
    assert worker.messages(corner) == []
    assert kept() == ["word"]


def test_a_letter_that_comes_after_the_resumption_is_sent_too(acme, corner) -> None:
    """The look-up was before the resumption, and the refusal after it."""
    with use_control():
        WakeUp.objects.update(next_due=None, lease_until=None)
    keep(acme)
    assert scheduler.run_all_inline(only=[acme.uuid]).taken == 1
    assert words(corner) == ["word"]


def test_who_dies_between_sending_and_forgetting_sends_again(
    acme, corner, monkeypatch
) -> None:
    keep(acme)
    with monkeypatch.context() as dying:
        dying.setattr(DeadLetter, "delete", lambda letter: 1 / 0)
        with use_control(), pytest.raises(ZeroDivisionError):
            dead_letters.send_again(acme.uuid)
    assert kept() == ["word"]
    with use_control():
        assert dead_letters.send_again(acme.uuid)
    assert words(corner) == ["word", "word"]
    assert kept() == []


def test_letters_stay_while_the_broker_is_away_and_the_tenant_comes_back_for_them(
    acme, corner, frozen_clock
) -> None:
    keep(acme)
    sender._quiet_until = math.inf
    result = scheduler.run_all_inline(only=[acme.uuid])
    assert result.failed == ["acme: tenants.carrying.dead_letters"]
    assert kept() == ["word"]
    with use_control():
        due = WakeUp.objects.get(tenant__uuid=acme.uuid).next_due
    assert due == clock.now() + sources.AFTER_FAILURE
    sender._quiet_until = 0.0
    clock.advance(sources.AFTER_FAILURE)
    scheduler.run_all_inline(only=[acme.uuid])
    assert words(corner) == ["word"]
    assert kept() == []


def test_a_letter_that_cannot_be_read_stops_no_due_work(acme, corner) -> None:
    keep(acme)
    with use_control():
        DeadLetter.objects.update(message="{")
    result = scheduler.run_all_inline(only=[acme.uuid])
    assert result.failed == ["acme: tenants.carrying.dead_letters"]
    assert kept() == ["word"]


def test_letters_that_nobody_waits_for_go_after_a_month(acme, frozen_clock) -> None:
    gone = UUID(int=7)
    keep(acme, "waits")
    keep(acme, "stale", reason=Reason.STALE)
    keep(None, "nameless", reason=Reason.NAMELESS)
    keep(acme, "of a tenant that is gone")
    with use_control():
        DeadLetter.objects.filter(task_id__endswith="gone").update(tenant=gone)
    clock.advance(dead_letters.KEEP)
    with use_control():
        dead_letters.forget()
    assert len(kept()) == 4
    clock.advance(timedelta(seconds=1))
    with use_control():
        dead_letters.forget()
    assert kept() == ["waits"]


def test_of_too_many_letters_the_oldest_go(
    acme, globex, frozen_clock, monkeypatch
) -> None:
    monkeypatch.setattr(dead_letters, "MOST", 2)
    for number in range(3):
        keep(acme, f"acme {number}")
        keep(globex, f"globex {number}")
        keep(None, f"nobody {number}", reason=Reason.NAMELESS)
        keep(acme, f"stale {number}", reason=Reason.STALE)
        clock.advance(timedelta(seconds=1))
    with use_control():
        dead_letters.forget()
    assert sorted(kept()) == [
        *("acme 1", "acme 2", "globex 1", "globex 2"),
        *("nobody 2", "stale 2"),
    ]


def test_operators_see_what_was_refused_and_not_what_it_was_told(visitor, acme) -> None:
    dead_letters.keep(
        message(acme, "a word of acme's own", task_id="an id"),
        tenant=acme.uuid,
        reason=Reason.STOPPED,
        detail="the tenant is suspended",
    )
    client = visitor("localhost")
    with use_control():
        User.objects.create_user(
            *("operator", "operator@platform.test", "open"),
            is_staff=True,
            is_superuser=True,
        )
        path = f"/admin/tenants/deadletter/{DeadLetter.objects.get().pk}"
    client.post("/accounts/sign-in", {"username": "operator", "password": "open"})
    for address in ("/admin/tenants/deadletter/", f"{path}/change/"):
        answer = client.get(address)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "tests.remember" in text
        assert f">{acme.slug}<" in re.sub(r"\s*([<>])\s*", r"\1", text)
        assert "the tenant is suspended" in text
        assert "a word of acme" not in text
    for asked, count in ((acme.slug, 1), (acme.uuid, 1), ("globex", 0)):
        answer = client.get(f"/admin/tenants/deadletter/?q={asked}")
        assert answer.content.decode().count("the tenant is suspended") == count
    assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    assert kept() == ["an id"]
    for asked in ("message__contains=word", "message__kwargs=1", "message=1"):
        answer = client.get(f"/admin/tenants/deadletter/?{asked}")
        assert answer.status_code in {302, 400}, asked
