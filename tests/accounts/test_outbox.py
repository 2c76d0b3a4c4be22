"""Mail leaves after the commit, once each, in its tenant's name, or is tried again."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from accounts import mail
from accounts.mail import devbox, outbox
from accounts.models import MailMessage, TenantBranding
from accounts.services.email import send_email
from kernel import clock
from tenants.context import use, use_control
from tenants.scheduling import sources
from tests.tenants import worker

State = MailMessage.State
BOB = "bob@acme.test"


def next_due() -> datetime | None:
    return sources.earliest(outbox.due_instants())


def put_code(**more):
    return mail.put(
        "accounts/reset_code",
        to=BOB,
        context={"minutes": 10},
        secret_context={"code": "K7MPXW"},
        **more,
    )


def test_a_mail_reaches_a_real_server_in_its_tenants_name_and_colours(clean, smtp):
    TenantBranding.objects.update(
        name="Acme & Söhne",
        accent="#b45309",
        sender_name="Acme Desk",
        reply_to=["desk@acme.test"],
        footer="Acme, 1 Road <b>Town</b>",
    )
    put_code()
    assert outbox.run_due(10) == 1
    envelope, message = smtp.taken[0], smtp.message()
    assert envelope.mail_from == "no-reply@tenantry.test"
    assert envelope.rcpt_tos == [BOB]
    assert message["From"] == "Acme Desk <no-reply@tenantry.test>"
    assert message["Reply-To"] == "desk@acme.test"
    assert message["Subject"] == "Your code for a new password at Acme & Söhne"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    assert "K7MPXW" in text.split()
    assert "Acme & Söhne" in text
    assert "Acme &amp; Söhne" in html
    assert "#b45309" in html
    assert "<b>Town</b>" not in html
    assert 'style="' in html
    assert "K7MPXW" not in message["Subject"]


def test_each_tenant_and_the_platform_sign_their_own_mails(db, smtp, acme, globex):
    for entered in (use(acme), use(globex), use_control()):
        with entered:
            MailMessage.objects.all().delete()
            put_code()
            outbox.run_due(10)
    senders = [str(smtp.message(index)["From"]) for index in range(3)]
    assert senders == [
        "Acme <no-reply@tenantry.test>",
        "Globex <no-reply@tenantry.test>",
        "Tenantry <no-reply@tenantry.test>",
    ]
    ids = {smtp.message(index)["Message-ID"] for index in range(3)}
    assert len(ids) == 3


def test_the_secret_is_unreadable_in_the_row_and_wiped_when_it_has_left(clean):
    message = put_code()
    message.refresh_from_db()
    assert b"K7MPXW" not in bytes(message.secret_context)
    outbox.run_due(10)
    message.refresh_from_db()
    assert (message.state, message.secret_context) == (State.SENT, None)
    assert message.redacted_at is not None
    assert "K7MPXW" not in str(message.__dict__)
    assert "K7MPXW" in devbox.letters()[0].text


def test_a_secret_moved_to_another_tenant_opens_nowhere(clean, globex):
    sealed = bytes(put_code().secret_context)
    with use(globex):
        stolen = put_code()
        MailMessage.objects.filter(pk=stolen.pk).update(secret_context=sealed)
        MailMessage.objects.exclude(pk=stolen.pk).delete()
        outbox.run_due(10)
        stolen.refresh_from_db()
        assert (stolen.state, stolen.secret_context) == (State.FAILED, None)
        assert devbox.letters() == []


def test_a_server_that_is_down_is_tried_again_after_growing_pauses(
    clean, settings, frozen_clock
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_DELIVERY_PROVIDER = "smtp"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    message = put_code()
    pauses = []
    while message.state != State.FAILED:
        assert outbox.run_due(10) == 1
        message.refresh_from_db()
        if message.state == State.DEFERRED:
            pauses.append((message.due_at - clock.now()).total_seconds())
            assert outbox.run_due(10) == 0
            assert next_due() == message.due_at
            clock.advance(message.due_at - clock.now())
    assert pauses == [10, 60, 300, 1800, 7200, 21600]
    assert message.attempts == 7
    assert message.last_error == "not reached: ConnectionRefusedError"
    assert message.secret_context is None
    assert next_due() is None


def test_a_busy_server_is_tried_again_and_a_final_no_is_not(clean, smtp, frozen_clock):
    message = put_code()
    smtp.refuse = "451 busy"
    outbox.run_due(10)
    message.refresh_from_db()
    assert (message.state, message.last_error) == (State.DEFERRED, "refused: 451")
    smtp.refuse = "554 never"
    clock.advance(timedelta(seconds=10))
    outbox.run_due(10)
    message.refresh_from_db()
    assert (message.state, message.secret_context) == (State.FAILED, None)


def test_a_code_is_never_sent_after_its_challenge_expired(clean, smtp, frozen_clock):
    message = put_code(expires_at=clock.now() + timedelta(minutes=10))
    clock.advance(timedelta(minutes=10, seconds=1))
    outbox.run_due(10)
    message.refresh_from_db()
    assert (message.state, message.secret_context) == (State.EXPIRED, None)
    assert smtp.taken == []


def test_a_mail_whose_worker_died_is_sent_by_another_under_the_same_id(
    clean, smtp, frozen_clock
):
    message = put_code()
    (held,) = outbox.claim(10)
    assert outbox.run_due(10) == 0
    assert next_due() == clock.now() + outbox.LEASE
    clock.advance(outbox.LEASE)
    assert outbox.run_due(10) == 1
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 2)
    outbox.deliver(held)
    message.refresh_from_db()
    assert message.attempts == 2


def test_a_mail_that_kills_every_worker_is_given_up(clean, frozen_clock):
    message = put_code()
    for _ in range(7):
        assert len(outbox.claim(10)) == 1
        clock.advance(outbox.LEASE)
    outbox.run_due(10)
    message.refresh_from_db()
    assert (message.state, message.secret_context) == (State.FAILED, None)


@pytest.mark.parametrize("how", ["setting", "tenant", "argument"])
def test_disabled_means_that_no_server_is_asked(clean, smtp, settings, how):
    if how == "setting":
        settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    if how == "tenant":
        TenantBranding.objects.update(mail_enabled=False)
    result = send_email(BOB, "Hello", "<p>Hello</p>", enabled=how != "argument")
    outbox.run_due(10)
    assert result is None
    assert MailMessage.objects.get().state == State.SUPPRESSED
    assert smtp.taken == []


def test_a_mail_of_a_rolled_back_change_never_leaves(clean, smtp):
    from django.db import transaction

    with transaction.atomic():
        put_code()
        transaction.set_rollback(True)
    assert outbox.run_due(10) == 0
    assert not MailMessage.objects.exists()


def test_one_key_is_one_mail(clean):
    first = put_code(idempotency_key="leave-1-approved")
    second = put_code(idempotency_key="leave-1-approved")
    assert first.pk == second.pk
    assert MailMessage.objects.count() == 1


def test_development_keeps_mail_in_the_mailbox_even_when_told_to_send(clean):
    result = send_email(BOB, "Hello", "<p>x</p>", enabled=True)
    assert result.backend == "smtp"
    outbox.run_due(10)
    assert [letter.subject for letter in devbox.letters()] == ["Hello"]


def test_a_broken_template_fails_its_mail_and_no_other(clean):
    mail.put("accounts/nothing_like_this", to=BOB)
    put_code()
    assert outbox.run_due(10) == 2
    assert [m.state for m in MailMessage.objects.order_by("id")] == [
        State.FAILED,
        State.SENT,
    ]


def test_a_mail_that_cannot_be_rendered_yet_is_tried_again_and_holds_up_no_other(
    clean, settings, frozen_clock
):
    bad = put_code()
    settings.TENANTRY_SCHEME = "nonsense"
    assert outbox.run_due(10) == 1
    settings.TENANTRY_SCHEME = "http"
    good = put_code()
    assert outbox.run_due(10) == 1
    for message, state in ((bad, State.DEFERRED), (good, State.SENT)):
        message.refresh_from_db()
        assert message.state == state
    assert bad.last_error == "unexpected: KeyError"


def test_a_lease_that_ran_down_is_renewed_and_a_lost_one_is_left(clean, frozen_clock):
    for _ in range(2):
        put_code()
    kept, lost = outbox.claim(10)
    assert outbox.hold(kept)
    clock.advance(outbox.LEASE * 0.6)
    assert outbox.hold(kept)
    assert kept.due_at == clock.now() + outbox.LEASE
    clock.advance(outbox.LEASE * 0.5)
    assert [message.pk for message in outbox.claim(10)] == [lost.pk]
    assert not outbox.hold(lost)
    assert outbox.hold(kept)


@pytest.mark.django_db(transaction=True)
def test_cron_sends_what_is_due_without_any_worker(transactional_db, smtp):
    from tests import twins

    with use(twins.info("acme")):
        MailMessage.objects.all().delete()
        put_code()
    answer = subprocess.run(
        [sys.executable, "manage.py", "goflow_cron", "--tenant", "acme", "--json"],
        cwd=worker.ROOT,
        env={
            **os.environ,
            **worker.surroundings(),
            "EMAIL_DELIVERY_PROVIDER": "smtp",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(smtp.port),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"mails": 1' in answer.stdout
    assert [envelope.rcpt_tos for envelope in smtp.taken] == [[BOB]]
    with use(twins.info("acme")):
        assert MailMessage.objects.get().state == State.SENT


def test_two_workers_never_take_the_same_mail(transactional_db):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from tests import twins

    acme = twins.info("acme")
    with use(acme):
        MailMessage.objects.all().delete()
        for _ in range(20):
            put_code()

    def work(_):
        try:
            with use(acme):
                return [message.pk for message in outbox.claim(10)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        taken = [pk for pks in pool.map(work, range(4)) for pk in pks]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 20


@pytest.mark.parametrize("state", list(State))
def test_every_end_state_stays(state):
    assert bool(MailMessage.MOVES[state]) is (
        state in {State.QUEUED, State.DEFERRED, State.SENDING}
    )
