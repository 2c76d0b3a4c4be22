"""Administrators see what left and what did not, and send again what failed."""

import re
from datetime import timedelta

import pytest

from accounts import challenges, code_mails, mail, recovery
from accounts.mail import outbox
from accounts.mail.composing import put_nothing
from accounts.models import Challenge, MailAttachment, MailMessage, SecurityEvent, User
from accounts.services.email import send_email
from kernel import clock
from tenants.context import use

PAGE = "/accounts/mail"
BOB = "bob@acme.test"
CODE = "K7MPXW"
State = MailMessage.State


@pytest.fixture
def admin_page(browser_of, acme):
    with use(acme):
        MailMessage.objects.all().delete()
    return browser_of("admin")


def failed(**changes) -> MailMessage:
    """Return a plain mail that failed."""
    send_email(BOB, "Hello", "<p>Hello</p>", **changes)
    message = MailMessage.objects.latest("id")
    MailMessage.objects.filter(pk=message.pk).update(
        state=State.FAILED, attempts=7, last_error="refused: 550"
    )
    message.refresh_from_db()
    return message


def die_of(smtp, refusal="554 never") -> None:
    """Let what is due fail for good."""
    smtp.refuse = refusal
    outbox.run_due(100)
    smtp.refuse = None


def press(client, message: MailMessage):
    return client.post(f"{PAGE}/{message.pk}/again", follow=True)


# Who, and what


def test_a_member_and_a_stranger_see_no_mails(browser_of, visitor, acme):
    assert browser_of("bob").get(PAGE).status_code == 403
    answer = visitor().get(PAGE)
    assert (answer.status_code, answer["Location"][:17]) == (302, "/accounts/sign-in")


def test_the_list_tells_state_kind_masked_address_attempts_and_why(admin_page, acme):
    with use(acme):
        failed(category="invoice_sent")
        mail.put("accounts/password_changed", to=BOB, context={"person": "Bob"})
    text = admin_page.get(PAGE).text
    for words in ("Invoice sent", "refused it (550)", "Failed", "Notice: new password"):
        assert words in text
    assert text.index("Notice: new password") < text.index("Invoice sent")
    assert "b***b@acme.test" in text
    assert BOB not in text
    assert '<td class="number" data-label="Attempts">7</td>' in text


def test_no_body_no_code_and_no_decoy_is_shown(admin_page, acme):
    with use(acme):
        put_nothing()
        send_email(BOB, f"Subject {CODE}", f"<p>{CODE}</p>")
        mail.put(
            "accounts/reset_code",
            to=BOB,
            context={"minutes": 10},
            secret_context={"code": CODE},
        )
    text = admin_page.get(PAGE).text
    assert CODE not in text
    assert text.count("<tr data-row>") == 2


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("", 7),
        ("waiting", 3),
        ("sent", 1),
        ("failed", 2),
        ("off", 1),
        ("nonsense", 7),
        ("Sent' OR 1=1 --", 7),
    ],
)
def test_the_list_is_filtered_by_state(admin_page, acme, state, shown):
    with use(acme):
        for each in State:
            MailMessage.objects.create(to=[BOB], category="message", state=each)
    answer = admin_page.get(PAGE, {"state": state})
    assert answer.text.count("<tr data-row>") == shown


def test_pages_go_by_key_and_keep_the_filter(admin_page, acme):
    with use(acme):
        for _ in range(60):
            MailMessage.objects.create(to=[BOB], category="message", state=State.SENT)
    url, counts = f"{PAGE}?state=sent", []
    while url:
        text = admin_page.get(url).text
        counts.append(text.count("<tr data-row>"))
        older = re.search(r'rel="next" href="([^"]+)"', text)
        url = PAGE + older[1].replace("&amp;", "&") if older else ""
    assert counts == [25, 25, 10]


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 30, "٣", "\x00"])
def test_an_odd_key_is_no_error(admin_page, before):
    assert admin_page.get(PAGE, {"before": before}).status_code == 200


def test_a_page_costs_the_same_few_statements_for_one_mail_and_for_many(
    admin_page, acme, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_page.get(PAGE)
        return len(captured)

    with use(acme):
        failed()
    one = cost()
    with use(acme):
        for _ in range(24):
            failed()
    assert cost() == one


def test_mails_of_another_tenant_are_not_there(admin_page, acme, globex):
    with use(globex):
        MailMessage.objects.all().delete()
        theirs = failed(category="secret_of_globex")
    with use(acme):
        assert not MailMessage.objects.exists()
    assert "Secret of globex" not in admin_page.get(PAGE).text
    assert press(admin_page, theirs).status_code == 404
    with use(globex):
        assert MailMessage.objects.count() == 1


# Again


def test_a_plain_mail_is_sent_again_as_a_new_row_once(admin_page, acme, smtp):
    file = ("a.txt", b"content", "text/plain")
    with use(acme):
        old = failed(attachments=[file], related="invoice:7", cc="carol@acme.test")
    assert "Send again" in admin_page.get(PAGE).text
    assert "on its way again" in press(admin_page, old).text
    assert "cannot be sent again" in press(admin_page, old).text
    with use(acme):
        outbox.run_due(10)
        new = MailMessage.objects.exclude(pk=old.pk).get()
        old.refresh_from_db()
        event = SecurityEvent.objects.filter(name="mail.sent_again").get()
    assert (old.state, new.state, new.related) == ("failed", "sent", "invoice:7")
    (envelope,) = smtp.taken
    assert envelope.rcpt_tos == [BOB, "carol@acme.test"]
    (part,) = smtp.message().iter_attachments()
    assert part.get_payload(decode=True) == b"content"
    assert event.details == {"mail": old.pk, "category": "message"}
    text = admin_page.get(PAGE).text
    assert ("Send again" in text, "Sent again" in text) == (False, True)


def test_the_files_of_a_failed_mail_wait_thirty_days_and_not_longer(
    clean, smtp, frozen_clock
):
    from accounts.mail import retention

    send_email(BOB, "Hello", "<p>x</p>", [("a.txt", b"x", "text/plain")])
    die_of(smtp)
    assert MailAttachment.objects.count() == 1
    clock.advance(timedelta(days=31))
    retention.redact_old(10)
    assert not MailAttachment.objects.exists()


def test_a_failed_code_is_made_anew_in_its_flow_and_the_old_one_is_dead(
    admin_page, acme, smtp, code_for
):
    with use(acme):
        flow = recovery.request_code(email=BOB)
        die_of(smtp)
        old = MailMessage.objects.get(template="accounts/reset_code")
        assert (old.state, old.secret_context) == (State.FAILED, None)
    clock_later = clock.now() + timedelta(seconds=61)
    with clock.frozen(clock_later):
        assert "on its way again" in press(admin_page, old).text
        with use(acme):
            outbox.run_due(10)
            text = smtp.message().get_body(("plain",)).get_content()
            (code,) = re.findall(r"^\s*([A-Z0-9]{6})\s*$", text, re.MULTILINE)
            stranger = recovery.verify_code(
                email=BOB, code=code, flow=challenges.new_flow()
            )
            verified = recovery.verify_code(email=BOB, code=code, flow=flow)
            states = Challenge.objects.filter(purpose="reset").order_by("created_at")
            first, second = states
    assert stranger.ticket is None
    assert verified.ticket
    assert first.superseded_at is not None
    assert second.consumed_at is not None
    assert len(smtp.taken) == 1


def test_a_code_that_was_asked_for_again_is_left_alone(admin_page, acme, smtp):
    with use(acme):
        flow = recovery.request_code(email=BOB)
        die_of(smtp)
        old = MailMessage.objects.get(template="accounts/reset_code")
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        with use(acme):
            recovery.request_code(email=BOB, flow=flow)
        with clock.frozen(clock.now() + timedelta(seconds=61)):
            answer = press(admin_page, old)
    assert "cannot be sent again" in answer.text
    with use(acme):
        assert MailMessage.objects.filter(template="accounts/reset_code").count() == 2


def test_an_address_gets_no_more_codes_by_this_button_than_otherwise(
    admin_page, acme, smtp
):
    with use(acme):
        recovery.request_code(email=BOB)
        die_of(smtp)
        old = MailMessage.objects.get(template="accounts/reset_code")
    assert "Try again in a minute" in press(admin_page, old).text
    with use(acme):
        assert MailMessage.objects.filter(template="accounts/reset_code").count() == 1


def test_a_new_link_to_choose_a_password_kills_the_old_one(admin_page, acme, smtp):
    with use(acme):
        bob = User.objects.get(username="bob")
        bob.set_unusable_password()
        bob.save(update_fields=["password"])
        ticket = challenges.issue_setup_ticket(bob)
        code_mails.send_setup(bob, ticket)
        die_of(smtp)
        old = MailMessage.objects.get(template="accounts/account_setup")
    press(admin_page, old)
    with use(acme):
        outbox.run_due(10)
        text = smtp.message().get_body(("plain",)).get_content()
        new = re.search(r"#ticket=(\S+)", text)[1]
        assert challenges.ticket_owner(ticket) is None
        assert challenges.ticket_owner(new) == bob


def test_whoever_has_a_password_gets_no_new_link(admin_page, acme, smtp):
    with use(acme):
        bob = User.objects.get(username="bob")
        code_mails.send_setup(bob, challenges.issue_setup_ticket(bob))
        die_of(smtp)
        old = MailMessage.objects.get(template="accounts/account_setup")
    assert "cannot be sent again" in press(admin_page, old).text
    assert smtp.taken == []


@pytest.mark.parametrize(
    "state", ["queued", "sending", "deferred", "sent", "suppressed"]
)
def test_what_did_not_fail_is_not_sent_again(admin_page, acme, state):
    with use(acme):
        message = failed()
        MailMessage.objects.filter(pk=message.pk).update(state=state)
    assert "Send again" not in admin_page.get(PAGE).text
    press(admin_page, message)
    with use(acme):
        assert MailMessage.objects.count() == 1


def test_a_secret_that_nobody_can_make_anew_has_no_button(admin_page, acme, smtp):
    with use(acme):
        send_email(BOB, "Secret", "<p>x</p>", secret=True)
        die_of(smtp)
        message = MailMessage.objects.get()
    assert "Send again" not in admin_page.get(PAGE).text
    press(admin_page, message)
    with use(acme):
        assert MailMessage.objects.count() == 1


def test_only_an_administrators_own_page_sends_again(
    admin_page, browser_of, visitor, acme
):
    with use(acme):
        message = failed()
        put_nothing()
        decoy = MailMessage.objects.get(category="none")
    path = f"{PAGE}/{message.pk}/again"
    assert browser_of("bob").post(path).status_code == 403
    assert visitor().post(path).status_code == 302
    assert admin_page.get(path).status_code == 405
    assert press(admin_page, decoy).status_code == 404
    assert admin_page.post(f"{PAGE}/{2**63}/again").status_code == 404
    with use(acme):
        assert MailMessage.objects.count() == 2
