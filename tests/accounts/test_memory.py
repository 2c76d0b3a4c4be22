"""What Python code remembers stays in its own request, task or context."""

from contextvars import copy_context

import pytest
from celery import shared_task
from django.core.signals import request_finished, request_started

from accounts.services import memory
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD
from tests.accounts.test_recovery import BOB, FORGOT

seen: list[str] = []


@shared_task(name="tests.memory_probe")
def probe() -> None:
    seen.append(memory.recall("ticket", BOB))
    memory.remember("ticket", BOB, "of the task")


@pytest.fixture(autouse=True)
def _begin_empty():
    memory.forget()
    seen.clear()
    yield
    memory.forget()


def test_a_request_begins_empty_and_gives_back_what_was_remembered_outside(
    in_acme, post, monkeypatch
):
    from accounts import recovery

    real = recovery.request_code

    def watched(**values):
        seen.append(memory.recall("ticket", BOB))
        memory.remember("ticket", BOB, "of the request")
        return real(**values)

    monkeypatch.setattr(recovery, "request_code", watched)
    memory.remember("ticket", BOB, "of the code")
    post(FORGOT, {"email": BOB})
    assert seen == [""]
    assert memory.recall("ticket", BOB) == "of the code"


def test_a_task_begins_empty_and_gives_back_what_was_remembered_outside(in_acme):
    memory.remember("ticket", BOB, "of the code")
    probe.apply()
    probe.apply()
    assert seen == ["", ""]
    assert memory.recall("ticket", BOB) == "of the code"


def test_requests_that_never_ended_pile_up_nothing(in_acme):
    memory.remember("ticket", BOB, "of the code")
    for _ in range(3):
        request_started.send(sender=None, environ={})
        memory.remember("ticket", BOB, "of the request")
    request_finished.send(sender=None)
    assert memory.recall("ticket", BOB) == "of the code"
    request_finished.send(sender=None)
    assert memory.recall("ticket", BOB) == "of the code"


def test_another_context_and_another_tenant_remember_nothing(in_acme, globex):
    fresh = copy_context()
    memory.remember("flow", BOB, "secret")
    assert fresh.run(memory.recall, "flow", BOB) == ""
    with use(globex):
        assert memory.recall("flow", BOB) == ""
    assert memory.recall("ticket", BOB) == ""
    assert memory.recall("flow", BOB.upper()) == "secret"


def test_no_route_takes_a_flow_or_a_ticket_from_the_memory(in_acme, post, code_for):
    """The client sends them, or they are not there."""
    from accounts.services.auth_flow import (
        send_forgot_password_code,
        verify_reset_code,
    )

    send_forgot_password_code(BOB)
    code = code_for(BOB)
    answer = post("/api/accounts/verify-code", {"email": BOB, "code": code})
    assert answer.status_code == 202
    assert verify_reset_code(email=BOB, code=code).status_code == 200
    body = {"email": BOB, "password": GOOD_PASSWORD, "passwordVerify": GOOD_PASSWORD}
    refused = post("/api/accounts/change-password", body)
    assert refused.json()["code"] == "ticket_required"
