"""Every limit: written down, in force to the number, the same for everybody."""

import re
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import RequestFactory

from accounts import challenges, code_failures, limits, refresh_tokens
from accounts.errors import LimiterDown, Throttled
from accounts.models import LimitCounter, MailMessage
from accounts.refresh_tokens import Device
from kernel import clients, clock
from tenants.context import use
from tests import databases, twins
from tests.accounts.conftest import TEN_O_CLOCK
from tests.accounts.test_recovery import BOB, FORGOT, VERIFY, change, forgot, verify
from tests.accounts.test_registration import REGISTER, body

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
ROW = re.compile(r"\| `(?P<scope>[\w.]+)` \| (?P<most>[\d,]+) \| (?P<window>\w+) \|")
ACCOUNTS = Path(limits.__file__).parent
COUNTED = re.compile(
    r"limits\.(?:hit|allowed|count|spent|note|give_back|forget)\(\s*\"([\w.]+)\""
)
WINDOWS = {"minute": limits.MINUTE, "hour": limits.HOUR, "day": limits.DAY}
SIGN_IN = "/api/auth/mobile/sign-in"
REFRESH = "/api/auth/mobile/token-refresh"


@pytest.fixture
def at_midnight():
    """Begin with a new day of the counters."""
    with clock.frozen(TEN_O_CLOCK.replace(hour=0)):
        yield


def statuses(send, times):
    return [send().status_code for _ in range(times)]


# Written down


def test_a36_the_document_says_what_the_settings_say():
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Limits")[2]
    told = {
        row["scope"]: limits.Limit(
            int(row["most"].replace(",", "")), WINDOWS[row["window"]]
        )
        for row in ROW.finditer(text)
    }
    assert told == limits.LIMITS


#: Table 6.1 of the specification, in its order.
TABLE = {
    "verify.account": (10, limits.HOUR),
    "verify.client": (20, limits.MINUTE),
    "code_mail.minute": (1, limits.MINUTE),
    "code_mail.hour": (5, limits.HOUR),
    "code_mail.day": (10, limits.DAY),
    "code_mail.tenant": (100, limits.HOUR),
    "register.client": (20, limits.HOUR),
    "register.tenant": (200, limits.HOUR),
    "sign_in.client": (20, limits.MINUTE),
    "mfa.account": (10, limits.HOUR),
    "refresh.session": (60, limits.MINUTE),
    "refresh.client": (120, limits.MINUTE),
    "api_token.client": (20, limits.MINUTE),
    "invitation.hour": (50, limits.HOUR),
    "invitation.day": (200, limits.DAY),
    "code_failure.tenant": (200, limits.HOUR),
    "code_failure.flood": (1000, limits.HOUR),
}


def test_a36_the_settings_are_those_of_the_table():
    found = {scope: limits.LIMITS[scope] for scope in TABLE}
    assert found == {scope: limits.Limit(*row) for scope, row in TABLE.items()}
    pauses = (limits.FREE_FAILURES, limits.FIRST_PAUSE)
    assert pauses == (5, timedelta(seconds=30))
    assert limits.pause_after(100) == limits.LONGEST_PAUSE == timedelta(hours=1)


def test_each_limit_is_counted_somewhere_and_nothing_else_is():
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in ACCOUNTS.rglob("*.py")
        if path.name != "limits.py"
    )
    named = set(COUNTED.findall(text)) | {*limits.CODE_MAIL}
    assert named | {code_failures.MANY, code_failures.FLOOD} == set(limits.LIMITS)


@pytest.mark.parametrize("scope", sorted(limits.LIMITS))
def test_a36_each_limit_holds_to_its_number_and_begins_anew(
    in_acme, at_midnight, scope
):
    rule = limits.limit(scope)
    assert all(limits.allowed(scope, "key") for _ in range(rule.most))
    with pytest.raises(Throttled) as refused:
        limits.hit(scope, "key")
    assert 0 < int(refused.value.headers["Retry-After"]) <= rule.window.total_seconds()
    assert limits.allowed(scope, "another key")
    clock.advance(rule.window - timedelta(seconds=1))
    assert not limits.allowed(scope, "key")
    clock.advance(timedelta(seconds=1))
    assert limits.allowed(scope, "key")


def test_a_count_of_one_tenant_is_none_of_another(in_acme, globex, at_ten):
    for _ in range(20):
        limits.allowed("verify.client", "key")
    with use(globex):
        assert limits.allowed("verify.client", "key")


# At the routes


def test_a36_a_client_verifies_twenty_times_a_minute(post, acme, at_ten):
    for email in (BOB, "nobody@example.com"):
        found = statuses(lambda email=email: verify(post, "x", "ABCDEF", email), 21)
        assert found == [202] * 20 + [429]
        clock.advance(timedelta(minutes=1))


def test_a36_a_client_guesses_twenty_tickets_a_minute(post, acme, at_ten):
    assert statuses(lambda: change(post, "x"), 21) == [400] * 20 + [429]


def test_a36_an_address_gets_one_code_a_minute_five_an_hour_ten_a_day(
    post, acme, at_midnight
):
    """Whoever asks in between changes nothing, and nobody is told."""
    flow = forgot(post).json()["flow"]
    answers = set()
    for _ in range(24 * 4):
        for _ in range(2):
            sent = post(FORGOT, {"email": BOB, "flow": flow}, REMOTE_ADDR="192.0.2.1")
            answers.add((sent.status_code, sent.json()["flow"]))
        clock.advance(timedelta(minutes=15))
    assert answers == {(200, flow)}
    with use(acme):
        sent = MailMessage.objects.filter(template="accounts/reset_code")
        assert sent.count() == 10


def test_a36_asking_every_second_uses_up_no_hour(post, letters, acme, at_ten):
    flow = ""
    for _ in range(3):
        for _ in range(10):
            answer = post(FORGOT, {"email": BOB, "flow": flow})
            flow = answer.json()["flow"]
        clock.advance(timedelta(minutes=1))
    assert len(letters(BOB)) == 3


def test_a36_a_tenant_mails_a_hundred_codes_an_hour(in_acme, at_ten):
    sent = [challenges.may_send(f"p{number}@example.com") for number in range(101)]
    assert sent == [True] * 100 + [False]


def test_a36_above_the_tenants_limit_the_answer_is_the_same(
    post, letters, acme, at_ten, settings
):
    settings.ACCOUNTS_LIMITS = {"code_mail.tenant": (2, 3600)}
    answers = [forgot(post, f"{name}@acme.test") for name in ("bob", "alice", "carol")]
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["detail"] for one in answers}) == 1
    assert [len(letters(f"{name}@acme.test")) for name in ("bob", "carol")] == [1, 0]


def test_a36_a_client_registers_twenty_times_an_hour_and_a_tenant_two_hundred(
    post, acme, at_ten, settings
):
    settings.ACCOUNTS_LIMITS = {"register.tenant": (22, 3600)}

    def register(number):
        return post(REGISTER, body(f"p{number}@example.com"))

    assert [register(n).status_code for n in range(21)] == [201] * 20 + [429]
    with use(acme):
        LimitCounter.objects.filter(scope="register.client").delete()
    assert [register(n).status_code for n in range(21, 24)] == [201, 201, 429]


def test_a36_a_device_refreshes_sixty_times_a_minute_and_a_client_120(
    post, acme, bob, at_ten
):
    with use(acme):
        tokens = [refresh_tokens.begin(bob, Device("mobile")).refresh for _ in range(3)]
    answers = []
    for token in tokens:
        refresh = token
        for _ in range(61):
            answer = post(REFRESH, {"refresh": refresh})
            refresh = answer.json().get("refresh", refresh)
            answers.append(answer.status_code)
    assert answers[:61] == [200] * 60 + [429]
    assert answers[61:120] == [200] * 59
    assert set(answers[120:]) == {429}


def test_a36_a_guessed_device_cannot_be_used_up(post, acme, bob, at_ten):
    with use(acme):
        token = refresh_tokens.begin(bob, Device("mobile")).refresh
    family = slice(len("tnr_") + 32 + 1, len("tnr_") + 32 + 1 + 22)
    wrong = token.replace(token[family], "A" * 22)
    assert set(statuses(lambda: post(REFRESH, {"refresh": wrong}), 61)) == {401}
    assert post(REFRESH, {"refresh": token}).status_code == 200


# Who a client is


@pytest.mark.parametrize(
    ("count", "forwarded", "remote", "prefix"),
    [
        (0, "198.51.100.9", "192.0.2.1", "192.0.2.1"),
        (1, "198.51.100.9", "192.0.2.1", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "192.0.2.1", "198.51.100.9"),
        (2, "203.0.113.5, 198.51.100.9", "192.0.2.1", "203.0.113.5"),
        (2, "198.51.100.9", "192.0.2.1", "192.0.2.1"),
        (1, "nonsense", "192.0.2.1", "-"),
        (1, "", "192.0.2.1", "192.0.2.1"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "", "2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        (0, "", "2001:db8:1:3::1", "2001:db8:1:3::/64"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (0, "", "::1", "::1"),
        (0, "", "", "-"),
    ],
)
def test_a_client_is_its_address_or_its_64(settings, count, forwarded, remote, prefix):
    settings.TRUSTED_PROXY_COUNT = count
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)
    assert clients.prefix(request) == prefix


# Without a store


@contextmanager
def out_of_reach(schema):
    """Take the counters away for a while, as a store does that has failed."""
    renames = "ALTER TABLE {}.{} RENAME TO {}"
    there, away = "accounts_limitcounter", "counters_away"
    with databases.server(databases.working()) as server:
        server.execute(renames.format(schema, there, away))
        try:
            yield
        finally:
            server.execute(renames.format(schema, away, there))


@pytest.mark.django_db(transaction=True)
def test_a36_without_the_store_nothing_is_let_through(post):
    right = {"username": "bob", "password": twins.PASSWORD}
    sends = (
        lambda: post(SIGN_IN, right),
        lambda: post(VERIFY, {"email": BOB, "code": "ABCDEF", "flow": "x"}),
        lambda: change(post, "x" * 43),
        lambda: forgot(post),
        lambda: post(REGISTER, body()),
    )
    with out_of_reach(twins.info("acme").schema_name):
        answers = [send() for send in sends]
        with use(twins.info("acme")), pytest.raises(LimiterDown):
            limits.spent("verify.account", BOB)
        with use(twins.info("acme")), pytest.raises(LimiterDown):
            limits.forget_failures("bob", "-")
    assert [one.status_code for one in answers] == [503] * len(sends)
    assert {one.json()["code"] for one in answers} == {"limiter_unavailable"}
    assert {one["Retry-After"] for one in answers} == {"5"}
    assert post(SIGN_IN, right).status_code == 200


USES = re.compile(r"limits\.(?:hit|allowed|count|spent|give_back)\(\s*\"([a-z_.]+)\"")


def test_each_limit_that_code_asks_for_is_in_the_table():
    used = {
        scope
        for path in Path(limits.__file__).parent.rglob("*.py")
        for scope in USES.findall(path.read_text(encoding="utf-8"))
    }
    assert "sign_in.client" in used
    assert used <= set(limits.LIMITS)


def test_a_page_above_a_limit_says_how_long_to_wait(visitor, in_acme, at_ten):
    client = visitor()
    client.cookies["invitation"] = "x"
    for _ in range(20):
        limits.count("verify.client", "127.0.0.1")
    page = client.get("/accounts/invitation")
    assert page.status_code == 429
    assert page["Retry-After"] == "60"
    assert "Please try again in 60 seconds." in page.text
