"""`send_email` under the seed's name: whom it reaches, and what it refuses."""

import io

import pytest

from accounts.mail import outbox
from accounts.mail.plain_text import from_html
from accounts.models import MailAttachment, MailMessage, TenantBranding
from accounts.services.email import UsageError, send_email
from tenants.context import use
from tests import twins

State = MailMessage.State
BOB = "bob@acme.test"


def only() -> MailMessage:
    return MailMessage.objects.get()


# Recipients


@pytest.mark.parametrize(
    ("to", "taken", "dropped"),
    [
        ("a@x.org", ["a@x.org"], []),
        ("a@x.org, b@x.org; A@X.org", ["a@x.org", "b@x.org"], []),
        ("a@x.org;b@x.org;;, ", ["a@x.org", "b@x.org"], []),
        ('"Doe, John" <j@x.org>', ['"Doe, John" <j@x.org>'], []),
        (
            '"Doe; John" <j@x.org>,"a\\",b" <b@x.org>',
            ['"Doe; John" <j@x.org>', '"a\\",b" <b@x.org>'],
            [],
        ),
        ("Zoë <z@x.org>", ['"Zoë" <z@x.org>'], []),
        (["a@x.org", "nonsense"], ["a@x.org"], ["***"]),
        (["a@x.org", "john.doe@"], ["a@x.org"], ["j***e@"]),
        (("a@x.org, b@x.org", "c@x.org"), ["a@x.org", "b@x.org", "c@x.org"], []),
        ({"a@x.org"}, ["a@x.org"], []),
        (("a@x.org" for _ in range(3)), ["a@x.org"], []),
    ],
)
def test_recipients_are_read_as_people_write_them(clean, to, taken, dropped):
    send_email(to, "Hello", "<p>Hello</p>")
    message = only()
    assert (message.to, message.dropped) == (taken, dropped)
    assert message.state == State.QUEUED


@pytest.mark.parametrize("to", [None, "", [], " , ;", "nonsense", ["@", "a@"]])
def test_a_mail_to_nobody_is_kept_as_failed(clean, to):
    assert send_email(to, "Hello", "<p>Hello</p>", cc="carol@acme.test") is None
    assert (only().state, only().last_error) == (State.FAILED, "no valid recipient")


def test_what_was_dropped_is_a_masked_warning(clean, caplog):
    send_email(["a@x.org", "john.doe@"], "Hello", "<p>x</p>")
    (line,) = [r for r in caplog.records if r.message == "mail.dropped"]
    assert (line.levelname, line.to) == ("WARNING", ["j***e@"])


def test_all_recipients_share_one_message(clean, smtp):
    send_email(
        f"{BOB}, eve@acme.test", "Hello", "<p>x</p>", cc="c@x.org", bcc="d@x.org"
    )
    outbox.run_due(10)
    (envelope,) = smtp.taken
    assert envelope.rcpt_tos == [BOB, "eve@acme.test", "c@x.org", "d@x.org"]
    message = smtp.message()
    assert (message["To"], message["Cc"]) == (f"{BOB}, eve@acme.test", "c@x.org")
    assert message["Bcc"] is None


def test_w19_a_quoted_name_survives_the_way(clean, smtp):
    send_email('"Doe, John" <bob@acme.test>', "Hello", "<p>x</p>")
    outbox.run_due(10)
    (address,) = smtp.message()["To"].addresses
    assert (address.display_name, address.addr_spec) == ("Doe, John", BOB)


# Control characters


@pytest.mark.parametrize("bad", ["a\rb", "a\nBcc: x@x.org", "a\x00b", "a\r\n"])
@pytest.mark.parametrize(
    "field", ["subject", "from_name", "to", "name", "cc", "bcc", "reply_to", "file"]
)
def test_a34_w15_a_control_character_fails_the_mail_before_any_server(
    clean, smtp, field, bad
):
    passed = {"to": BOB, "subject": "Hello", "html": "<p>x</p>"}
    if field == "file":
        passed["attachments"] = [(bad, b"x", "text/plain")]
    elif field == "name":
        passed["to"] = [f'"{bad}" <bob@acme.test>', "eve@acme.test"]
    elif field in {"subject", "from_name"}:
        passed[field] = bad
    else:
        passed[field] = [f"bob@acme.test{bad}", "eve@acme.test"]
    assert send_email(**passed) is None
    assert send_email(**passed, secret=True) is None
    assert outbox.run_due(10) == 0
    assert smtp.taken == []
    assert {m.state for m in MailMessage.objects.all()} == {State.FAILED}
    assert all("control" in m.last_error or field == "file" for m in _messages())


def _messages():
    return MailMessage.objects.all()


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
@pytest.mark.parametrize("field", ["html", "text", "subject", "metadata"])
def test_what_cannot_be_stored_fails_the_mail_and_raises_nothing(
    clean, field, bad, secret
):
    passed = {"subject": "Hello", "html": "<p>x</p>"}
    passed[field] = {"a": [bad]} if field == "metadata" else f"x{bad}"
    assert send_email(BOB, **passed, secret=secret) is None
    assert only().state == State.FAILED


# Blind copies, answers, sender


@pytest.mark.parametrize(
    ("static", "passed", "secret", "copies"),
    [
        ("", None, False, []),
        ("audit@x.org", None, False, ["audit@x.org"]),
        ("audit@x.org", None, True, []),
        ("audit@x.org", "b@x.org", True, ["b@x.org"]),
        ("audit@x.org,b@x.org", "B@X.ORG; c@x.org", False, ["audit", "b", "c"]),
        ("b@x.org", '"B" <b@x.org>', False, ["b@x.org"]),
    ],
    ids=str,
)
def test_blind_copies_are_the_static_ones_and_the_passed_ones_once(  # noqa: PLR0917 - a table
    clean, smtp, settings, static, passed, secret, copies
):
    settings.BCC_RECIPIENTS = static
    send_email(BOB, "Hello", "<p>x</p>", bcc=passed, secret=secret)
    outbox.run_due(10)
    full = [copy if "@" in copy else f"{copy}@x.org" for copy in copies]
    assert smtp.taken[0].rcpt_tos == [BOB, *full]


@pytest.mark.parametrize(
    ("tenant", "general", "passed", "header"),
    [
        ([], "", None, None),
        ([], "desk@x.org", None, "desk@x.org"),
        (["t@x.org"], "desk@x.org", None, "t@x.org"),
        (["t@x.org"], "desk@x.org", "a@x.org, T@X.org", "t@x.org, a@x.org"),
        ([], "desk@x.org", ["a@x.org"], "desk@x.org, a@x.org"),
    ],
)
def test_answers_go_to_the_tenant_or_else_to_the_platform_then_to_the_passed(  # noqa: PLR0917 - a table
    clean, smtp, settings, tenant, general, passed, header
):
    TenantBranding.objects.update(reply_to=tenant)
    settings.EMAIL_REPLY_TO = general
    send_email(BOB, "Hello", "<p>x</p>", reply_to=passed)
    outbox.run_due(10)
    assert smtp.message()["Reply-To"] == header


@pytest.mark.parametrize(
    ("passed", "sender_name", "name", "general", "shown"),
    [
        ("Zoë, Desk", "Sender", "Brand", "General", "Zoë, Desk"),
        (None, "Sender", "Brand", "General", "Sender"),
        (None, "", "Brand", "General", "Brand"),
        (None, "", "", "General", "General"),
        (None, "", "", "", "Acme"),
    ],
)
def test_the_senders_name_is_the_first_that_somebody_chose(  # noqa: PLR0917 - a table
    clean, smtp, settings, passed, sender_name, name, general, shown
):
    TenantBranding.objects.update(sender_name=sender_name, name=name)
    settings.WORKFLOWS = {"EMAIL_FROM_NAME": general}
    send_email(BOB, "Hello", "<p>x</p>", from_name=passed)
    outbox.run_due(10)
    (address,) = smtp.message()["From"].addresses
    assert address.display_name == shown
    assert address.addr_spec == "no-reply@tenantry.test"


def test_w19_nothing_is_sent_as_webmaster_of_localhost(clean, smtp, settings):
    settings.EMAIL_FROM = settings.DEFAULT_FROM_EMAIL = "webmaster@localhost"
    assert send_email(BOB, "Hello", "<p>x</p>") is None
    assert only().last_error == "refused: EMAIL_FROM is empty"
    assert smtp.taken == []


# Files


def test_files_travel_with_the_mail_and_are_gone_afterwards(clean, smtp):
    files = [
        ("../../report.pdf", b"%PDF", "application/pdf"),
        ("C:\\notes.txt", io.BytesIO(b"notes"), "text/plain"),
        ("Zo\u00eb.bin", b"\x00\xff", "Application/Octet-Stream"),
    ]
    assert send_email(BOB, "Files", "<p>x</p>", files).status_code == 202
    assert MailAttachment.objects.count() == 3
    outbox.run_due(10)
    parts = list(smtp.message().iter_attachments())
    assert [(p.get_filename(), p.get_content_type()) for p in parts] == [
        ("report.pdf", "application/pdf"),
        ("notes.txt", "text/plain"),
        ("Zo\u00eb.bin", "application/octet-stream"),
    ]
    assert [p.get_payload(decode=True) for p in parts] == [
        b"%PDF",
        b"notes",
        b"\x00\xff",
    ]
    assert not MailAttachment.objects.exists()


MIB = 1024 * 1024


@pytest.mark.parametrize(
    "files",
    [
        [("a.txt", b"x", "nonsense")],
        [("a.txt", b"x", None)],
        [("a.txt", b"x", "text/plain\r\nX: y")],
        [("a.txt", b"x", "multipart/mixed")],
        [("a.txt", None, "text/plain")],
        [("", b"x", "text/plain")],
        [("..", b"x", "text/plain")],
        [("a/", b"x", "text/plain")],
        [("x" * 256, b"x", "text/plain")],
        [("a.txt", b"x", "text/plain")] * 21,
        [("a.bin", b"x" * (10 * MIB + 1), "application/octet-stream")],
        [("a.bin", io.BytesIO(b"x" * 6 * MIB), "application/octet-stream")] * 2,
        [("a.bin", b"x" * 6 * MIB, "application/octet-stream")] * 2,
    ],
)
def test_files_that_cannot_be_sent_fail_the_mail(clean, files):
    if len(files) == 2 and not isinstance(files[0][1], bytes):
        files = [(name, io.BytesIO(file.getvalue()), k) for name, file, k in files]
    assert send_email(BOB, "Files", "<p>x</p>", files) is None
    assert only().state == State.FAILED
    assert not MailAttachment.objects.exists()


def test_ten_megabytes_in_twenty_files_are_taken(clean):
    files = [(f"{n}.bin", b"x" * (MIB // 2), "application/x-y") for n in range(20)]
    assert send_email(BOB, "Files", "<p>x</p>", files).status_code == 202


# The text part


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Hi</h1><p>One<br>two</p><p>Three</p>", "Hi\n\nOne\ntwo\n\nThree\n"),
        ('<a href="https://x.org/a">here</a>', "here (https://x.org/a)\n"),
        ('<a href="https://x.org">https://x.org</a>', "https://x.org\n"),
        ("<a>nowhere</a>", "nowhere\n"),
        ("<ul><li>a</li><li>b</li></ul>end", "- a\n- b\n\nend\n"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3\n"),
        ("<style>p{}</style><script>x()</script>a<title>t</title>", "a\n"),
        ("<head><title>t</title><body><div>a</div><div>b</div>", "a\nb\n"),
        ("a<br><br><br><br>b", "a\n\nb\n"),
        ("a &amp; b &lt;c&gt; &#8364;", "a & b <c> €\n"),
        ("<p>one\n  line</p>", "one line\n"),
        ("<p>unclosed <b>tags", "unclosed tags\n"),
        ("", "\n"),
    ],
)
def test_w19_the_text_part_keeps_paragraphs_and_link_targets(html, text):
    assert from_html(html) == text


def test_both_parts_arrive_and_a_passed_text_is_kept(clean, smtp):
    send_email(BOB, "One", "<p>a</p><p>b</p>")
    send_email(BOB, "Two", "<p>a</p>", text="by hand")
    outbox.run_due(10)
    parts = [
        smtp.message(i).get_body(("plain",)).get_content().replace("\r\n", "\n")
        for i in range(2)
    ]
    assert [part.strip() for part in parts] == ["a\n\nb", "by hand"]


# Waiting, keys, usage


@pytest.mark.django_db(transaction=True)
def test_waiting_sends_in_the_call_and_returns_the_servers_word(transactional_db, smtp):
    with use(twins.info("acme")):
        MailMessage.objects.all().delete()
        result = send_email(BOB, "Hello", "<p>x</p>", wait=True)
        smtp.refuse = "451 busy"
        busy = send_email(BOB, "Hello", "<p>x</p>", wait=True)
        smtp.refuse = "554 never"
        never = send_email(BOB, "Hello", "<p>x</p>", wait=True)
        states = list(
            MailMessage.objects.order_by("id").values_list("state", "attempts")
        )
    assert (result.status_code, result.text, result.backend) == (250, "sent", "smtp")
    assert smtp.message()["Message-ID"] == result.message_id
    assert (busy.status_code, busy.text) == (451, "refused: 451")
    assert never.status_code == 554
    assert states == [("sent", 1), ("deferred", 1), ("failed", 1)]


@pytest.mark.django_db(transaction=True)
def test_waiting_returns_what_mailgun_says(transactional_db, mailgun):
    with use(twins.info("acme")):
        taken = send_email(BOB, "Hello", "<p>x</p>", wait=True)
        mailgun.say = (401, b"Forbidden")
        refused = send_email(BOB, "Hello", "<p>x</p>", wait=True)
    assert (taken.status_code, taken.backend) == (200, "mailgun")
    assert taken.text == '{"id": "<made-by@mailgun>", "message": "Queued."}'
    assert (refused.status_code, refused.text) == (401, "refused: 401")


@pytest.mark.django_db(transaction=True)
def test_waiting_where_mail_is_off_returns_nothing(transactional_db, smtp, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "disabled"
    with use(twins.info("acme")):
        assert send_email(BOB, "Hello", "<p>x</p>", wait=True) is None
        assert send_email("nobody", "Hello", "<p>x</p>", wait=True) is None
    assert smtp.taken == []


def test_waiting_inside_a_transaction_is_an_error_of_the_caller(clean):
    with pytest.raises(UsageError):
        send_email(BOB, "Hello", "<p>x</p>", wait=True)
    assert not MailMessage.objects.exists()


@pytest.mark.parametrize(
    "more",
    [{"category": "x" * 51}, {"related": "a\nb"}, {"idempotency_key": "x" * 201}],
)
def test_words_of_the_caller_that_do_not_fit_are_an_error_of_the_caller(clean, more):
    with pytest.raises(UsageError):
        send_email(BOB, "Hello", "<p>x</p>", **more)
    assert not MailMessage.objects.exists()


def test_one_key_is_one_mail_with_its_own_files(clean, smtp):
    first = send_email(BOB, "Hello", "<p>x</p>", idempotency_key="k")
    file = ("a.txt", b"x", "text/plain")
    again = send_email(BOB, "Other", "<p>y</p>", [file], idempotency_key="k")
    outbox.run_due(10)
    assert first.message_id == again.message_id
    assert [m["Subject"] for m in [smtp.message()]] == ["Hello"]
    assert len(smtp.taken) == 1
    assert list(smtp.message().iter_attachments()) == []


def test_the_callers_own_words_are_kept_with_the_row(clean):
    send_email(
        BOB,
        "Hello",
        "<p>x</p>",
        category="invoice",
        related="invoice:7",
        metadata={"enabled": "mine", "amount": 5},
        enabled=True,
    )
    message = only()
    assert (message.category, message.related) == ("invoice", "invoice:7")
    assert message.metadata == {"enabled": "mine", "amount": 5}


def test_w10_a_secret_body_is_unreadable_in_the_row_and_gone_with_the_mail(clean, smtp):
    send_email(BOB, "Your code", "<p>K7MPXW</p>", secret=True)
    message = only()
    assert "K7MPXW" not in str(message.__dict__)
    assert b"K7MPXW" not in bytes(message.secret_context)
    outbox.run_due(10)
    assert "K7MPXW" in smtp.message().get_body(("html",)).get_content()
    message = only()
    assert (message.secret_context, message.html, message.text) == (None, "", "")
    assert message.redacted_at is not None


def test_w19_a_server_that_counts_nothing_took_nothing(clean, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "smtp"
    settings.EMAIL_BACKEND = "tests.accounts.mailing.CountsNothing"
    send_email(BOB, "Hello", "<p>x</p>")
    outbox.run_due(10)
    assert (only().state, only().last_error) == (
        State.DEFERRED,
        "nobody took the message",
    )


def test_a_wrong_password_of_the_platform_is_no_fault_of_the_mail(clean, settings):
    settings.EMAIL_DELIVERY_PROVIDER = "smtp"
    settings.EMAIL_BACKEND = "tests.accounts.mailing.WrongPassword"
    send_email(BOB, "Hello", "<p>x</p>")
    outbox.run_due(10)
    assert (only().state, only().last_error) == (State.DEFERRED, "refused: 535")
