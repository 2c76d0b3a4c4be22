"""What happens in the first of the twins before it is mirrored: a row of everything."""

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from accounts import (
    api_tokens,
    challenges,
    events,
    factors,
    invitations,
    limits,
    mail,
    refresh_tokens,
    service_accounts,
    totp,
)
from accounts.models import ApiToken, Invitation, MailAttachment, MailMessage, User
from accounts.refresh_tokens import Device
from kernel import clock
from leave import requests
from leave.demo.seeding import count_from_one
from leave.models import LeaveRequest
from leave.processes import APPROVED
from leave.standing import items_of
from workflow import lifecycle, new_documents
from workflow.commenting import comment_on
from workflow.models import (
    IdempotencyKey,
    Incident,
    WorkflowLayout,
)

DEVICE = Device("mobile", "A telephone", "192.0.2.0/24")


def tell() -> None:
    """Fill the entered tenant, the first rows under number 1."""
    count_from_one()
    admin, alice = (User.objects.get(username=name) for name in ("admin", "alice"))
    draft(admin)
    decide(ask(alice))
    trouble(ask(alice), admin)
    new_documents.default_document(by=alice)
    access(alice)
    invited = invitations.invite(email="dora@example.test", role="member", by=admin)
    # Its sequence is not turned back; the walk asks for number 1.
    Invitation.objects.filter(pk=invited.pk).update(id=1)
    refresh_tokens.begin(admin, DEVICE)
    second_factor(User.objects.get(username="carol"))
    letter(alice)
    entry(admin, alice)


def draft(by: User) -> None:
    day = clock.now().date() + timedelta(days=14)
    requests.draft_leave(kind="holiday", start=day, end=day, reason="Sea.", by=by)


def ask(by: User) -> LeaveRequest:
    day = clock.now().date() + timedelta(days=21)
    return requests.ask_for_leave(
        kind="holiday", start=day, end=day, reason="Hills.", by=by
    )


def decide(asked: LeaveRequest) -> None:
    item = items_of(asked).open().get()
    item.activate(item.user)
    item.complete(item.user, condition=APPROVED)


def trouble(asked: LeaveRequest, by: User) -> None:
    """Leave a remark, an answer to a repeat, and work that needed help."""
    item = items_of(asked).open().get()
    comment_on(item.instance, item=item, text="Soon.", by=by)
    key = {"user": by, "key": "once", "body_hash": "0" * 64, "status": 200}
    IdempotencyKey.objects.create(route="POST /", answer={"text": "Once."}, **key)
    drawing = {"note": "Left of it."}
    WorkflowLayout.objects.create(process=item.instance.process, layout=drawing)
    Incident.objects.create(
        instance=item.instance,
        workitem=item,
        kind="auto.failed",
        message="The printer is out.",
        trace="printing.py",
        resolved_at=clock.now(),
        resolved_by=by,
        resolution="retried",
        reason="It is back.",
    )
    lifecycle.cancel_instance(item.instance, by=by, reason="Not needed.")


def access(person: User) -> None:
    """Leave what signing in and forgetting a password leaves."""
    refresh_tokens.begin(person, DEVICE)
    challenges.issue_code(
        "reset",
        email_norm=person.email_norm or "",
        flow=challenges.new_flow(),
        user=person,
        client=DEVICE.prefix,
    )
    challenges.issue_reset_ticket(person)
    limits.hit("sign_in.client", DEVICE.prefix)
    programs(person)
    events.record("reset.requested", subject=person, client=DEVICE.prefix)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["note"] = "nobody"
    store.save()


def programs(person: User) -> None:
    """Leave a token of a person, and one of a service account."""
    robot = service_accounts.create(name="Robot")
    for owner in (person, robot):
        api_tokens.create(owner=owner, name="Wall", scopes_named=["profile:read"])
    ApiToken.objects.update(last_used_prefix=DEVICE.prefix)


def second_factor(person: User) -> None:
    """Leave an authenticator and saved codes."""
    made = factors.enrol(person, name="A telephone")
    code = totp.code_of(made.secret, totp.step_at(clock.now()))
    factors.confirm(person, made.device.pk, code)


def letter(person: User) -> None:
    """Leave a mail that was sent, with a file."""
    message = mail.put(
        "accounts/password_changed", to=[person.email], context={"person": str(person)}
    )
    MailMessage.objects.update(state=MailMessage.State.SENT)
    MailAttachment.objects.create(
        message=message, name="note.txt", mimetype="text/plain", content=b"A note."
    )


def entry(by: User, of: User) -> None:
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(of.pk),
        object_repr=str(of),
        action_flag=CHANGE,
        change_message="Changed the first name.",
    )
