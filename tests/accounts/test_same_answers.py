"""Known and unknown look alike: bytes, status, headers, statements, and time (A16).

The statements are compared exactly; the time is measured in pairs, one after the other,
so that whatever else the machine does meets both sides.
"""

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import limits
from accounts.models import User
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD
from tests.accounts.test_recovery import BOB, CHANGE, FORGOT, VERIFY
from tests.accounts.test_registration import REGISTER, body

PAIRS = 200
#: The medians may differ by so many seconds.
NEAR = 0.005
#: A machine that is busy with something else is asked again.
TRIES = 3
NOBODY = "xyz@acme.test"  # as long as the known one
NEW = count()
SIGN_IN = "/api/auth/mobile/sign-in"


@dataclass
class Side:
    """One half of a pair: who is meant, and what was answered."""

    email: str
    user: User | None
    flow: str = ""
    seconds: list[float] = field(default_factory=list)
    said: set[Any] = field(default_factory=set)


@pytest.fixture
def sides(acme, bob) -> tuple[Side, Side]:
    return Side(BOB, bob), Side(NOBODY, None)


@pytest.fixture(autouse=True)
def _unlimited(settings, monkeypatch) -> None:
    """Let one client ask a thousand times; each limit is the same for both sides."""
    settings.ACCOUNTS_LIMITS = {
        scope: (1_000_000, 3600) for scope in limits.LIMITS if scope != "code_failure"
    }
    monkeypatch.setattr(limits, "FREE_FAILURES", 1_000_000)


def register(side: Side) -> tuple[str, Any]:
    return REGISTER, body(side.email)


def forgot(side: Side) -> tuple[str, Any]:
    return FORGOT, {"email": side.email}


def verify(side: Side) -> tuple[str, Any]:
    return VERIFY, {"email": side.email, "code": "AAAAAA", "flow": side.flow}


def change(side: Side) -> tuple[str, Any]:
    return CHANGE, {
        "email": side.email,
        "password": GOOD_PASSWORD,
        "passwordVerify": GOOD_PASSWORD,
        "ticket": "x" * 43,
    }


def sign_in(side: Side) -> tuple[str, Any]:
    return SIGN_IN, {"username": side.email, "password": "seven green bottles"}


FLOWS = (register, forgot, verify, change, sign_in)


#: What brings the tables back to where a flow begins.
GONE = "DELETE FROM accounts_challenge; DELETE FROM accounts_mailmessage"
UNTRIED = "UPDATE accounts_challenge SET attempts_left = 3"
CLEARED = {register: GONE, forgot: GONE, verify: UNTRIED}


def begin(acme: Any, side: Side, post: Any, asked: Callable[..., Any]) -> None:
    """Bring one side to where the flow begins, with nothing left from before."""
    if asked is verify and not side.flow:
        side.flow = post(FORGOT, {"email": side.email}).json()["flow"]
    if asked is register and side.user is None:
        side.email = f"{next(NEW):03}@acme.test"  # who registered is known from then on
    if asked in CLEARED:
        with use(acme), connection.cursor() as cursor:
            cursor.execute(CLEARED[asked])


def plain(answer: Any) -> tuple[Any, ...]:
    """Return what an answer tells, without what is random in every answer."""
    text = re.sub(r'"flow": "[\w-]{43}"', '"flow"', answer.content.decode())
    headers = {**answer.headers}
    headers.pop("X-Request-ID")
    cookies = re.sub(r"=[\w-]{43};", "=;", answer.cookies.output())
    cookies = re.sub(r"expires=[^;]+;", "", cookies)
    return answer.status_code, text, tuple(sorted(headers.items())), cookies


def statements(asked: CaptureQueriesContext) -> list[str]:
    """Return the statements without their values."""
    found = [query["sql"] for query in asked.captured_queries]
    values = r"'(?:[^']|'')*'(?:::\w+)?|\b\d+(?:\.\d+)?\b|\bNULL\b|\bs\d+_x\d+\b"
    inserted = r"VALUES \(.*\)(?= ON | RETURNING |$)"
    found = [re.sub(inserted, "VALUES ?", text, flags=re.DOTALL) for text in found]
    return [re.sub(values, "?", text) for text in found]


@pytest.mark.parametrize("asked", FLOWS, ids=lambda one: one.__name__)
def test_a16_known_and_unknown_get_the_same_bytes_after_the_same_statements(
    acme, sides, post, asked
):
    told = []
    post(*asked(Side("warm@acme.test", None)))  # hosts and statements are remembered
    for side in sides:
        begin(acme, side, post, asked)
        with CaptureQueriesContext(connection) as queries:
            answer = post(*asked(side))
        told.append((plain(answer), statements(queries)))
    (known, known_statements), (unknown, unknown_statements) = told
    assert known == unknown
    assert known_statements == unknown_statements


@pytest.mark.slow
@pytest.mark.parametrize("asked", FLOWS, ids=lambda one: one.__name__)
def test_a16_known_and_unknown_take_the_same_time(acme, sides, post, asked):
    found = []
    for _ in range(TRIES):
        found.append(difference(acme, sides, post, asked))
        if abs(found[-1]) <= NEAR:
            break
    assert min(map(abs, found)) <= NEAR, found
    assert sides[0].said == sides[1].said


def difference(acme: Any, sides: tuple[Side, Side], post: Any, asked: Any) -> float:
    """Return the median of what the known one took longer than its partner."""
    for side in sides:
        side.seconds.clear()
    for number in range(PAIRS):
        # Who goes first changes, so that warm caches favour neither.
        for side in sides if number % 2 else sides[::-1]:
            begin(acme, side, post, asked)
            began = time.perf_counter()
            answer = post(*asked(side))
            side.seconds.append(time.perf_counter() - began)
            side.said.add(plain(answer))
    pairs = zip(sides[0].seconds, sides[1].seconds, strict=True)
    return statistics.median(known - unknown for known, unknown in pairs)


def test_w08_every_flow_says_the_same_about_a_deactivated_and_an_unverified_account(
    acme, post, person
):
    """What is said of them is what is said of nobody."""
    from kernel import clock

    with use(acme):
        off = {"is_active": False, "deactivated_at": clock.now()}
        User.objects.filter(username="carol").update(**off)
        unproven = {"is_active": False, "email_verified_at": None}
        User.objects.filter(username="alice").update(**unproven)
    for asked in FLOWS:
        told = []
        for email in ("carol@acme.test", "alice@acme.test", BOB, NOBODY):
            side = Side(email, None if email == NOBODY else person("bob"))
            begin(acme, side, post, asked)
            told.append(plain(post(*asked(side))))
        assert len(set(told)) == 1, asked.__name__
