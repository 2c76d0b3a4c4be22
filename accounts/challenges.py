"""The one place that makes and spends codes and tickets.

A code is sent to an address and typed by a person; a ticket is a secret that a program
carries. Both exist as decoys as well, so that an unknown address costs the same work.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from accounts import code_failures, conf, limits
from accounts.models import Challenge, User
from kernel import clock, codes
from kernel.text import storable
from tenants import signing

SPEND = Path(__file__).with_name("sql").joinpath("spend_attempt.sql").read_text("utf-8")
TICKET_LIFE = timedelta(minutes=10)
TICKET_SECONDS = int(TICKET_LIFE.total_seconds())
SETUP_LIFE = timedelta(days=7)
#: How many codes of one purpose can fit at a time for one address, over all flows.
MOST_LIVE = 3
Purpose = Challenge.Purpose
#: Rights to choose a password, however they were earned.
TICKETS = (Purpose.RESET_TICKET, Purpose.SETUP)


class Verdict(Enum):
    """What became of a typed code."""

    SUCCESS = "success"
    INVALID = "invalid"
    EXPIRED = "expired"
    TOO_MANY_ATTEMPTS = "too_many_attempts"


@dataclass(frozen=True)
class Verified:
    """The verdict; on success what the caller's function made of the challenge."""

    verdict: Verdict
    attempts_remaining: int | None = None
    challenge: Challenge | None = None
    ticket: str | None = field(default=None, repr=False)


#: What a right code brings about; returns a ticket or None, False to refuse it.
Apply = Callable[[Challenge], "str | Literal[False] | None"]


@dataclass(frozen=True)
class NewCode:
    """A challenge with the code that its mail carries; no code fits a decoy."""

    challenge: Challenge
    code: str = field(repr=False)

    @property
    def is_decoy(self) -> bool:
        return self.challenge.user_id is None


def new_flow() -> str:
    """Return the secret that ties a client's steps together."""
    return codes.new_secret()


def may_send(email_norm: str) -> bool:
    """Count one code mail for the address and tell whether it may leave.

    What one limit refuses is counted by no later one, so that asking every second uses
    up no hour.
    """
    within = all(limits.allowed(scope, email_norm) for scope in limits.CODE_MAIL)
    return within and limits.allowed("code_mail.tenant")


def open_in_flow(purpose: str, email_norm: str, flow: str) -> Challenge | None:
    """Return the pending challenge of this client for the address."""
    return (
        Challenge.objects.open(at=clock.now())
        .filter(purpose=purpose, email_norm=email_norm, flow_hash=_flow_hash(flow))
        .first()
    )


@transaction.atomic
def issue_code(
    purpose: str,
    *,
    email_norm: str,
    flow: str | bytes,
    user: User | None,
    payload: dict[str, Any] | None = None,
    language: str = "",
    client: str = "",
) -> NewCode:
    """Make the challenge of a flow and replace the flow's earlier one.

    Without a user it is a decoy: the same work, and no code fits. So it is where three
    other flows of the address wait for their codes already: none of them is cancelled,
    and nobody can tell.
    """
    settings = conf.current()
    now = clock.now()
    _supersede(purpose, email_norm, flow)
    user = user if _has_room(purpose, email_norm) else None
    challenge = Challenge(
        purpose=purpose,
        user=user,
        email_norm=email_norm,
        flow_hash=_flow_hash(flow),
        salt=codes.new_salt(),
        payload=payload if user and payload else {},
        attempts_left=settings.attempts,
        created_at=now,
        expires_at=now + _life(purpose),
        language=language,
        client_prefix=client,
    )
    code = codes.new_code(code_failures.code_length())
    made = _hash(challenge, code)
    challenge.code_hash = made if user else secrets.token_bytes(len(made))
    challenge.save(force_insert=True)
    return NewCode(challenge, code)


@transaction.atomic
def renew(challenge_id: str) -> NewCode | None:
    """Make a new code in the flow of an earlier one, which dies.

    Whoever began the flow can type it; nobody else learns the flow. None where the
    code was used or replaced in the meantime, or belongs to nobody.
    """
    old = (
        Challenge.objects.select_for_update()
        .filter(pk=challenge_id, code_hash__isnull=False, user__isnull=False)
        .filter(consumed_at__isnull=True, superseded_at__isnull=True)
        .first()
    )
    if old is None:
        return None
    return issue_code(
        old.purpose,
        email_norm=old.email_norm,
        flow=bytes(old.flow_hash or b""),
        user=old.user,
        payload=old.payload,
        language=old.language,
        client=old.client_prefix,
    )


def _life(purpose: str) -> timedelta:
    settings = conf.current()
    if purpose == Purpose.REGISTER:
        return settings.register_code_life
    return settings.reset_code_life


def _supersede(purpose: str, email_norm: str, flow: str | bytes) -> None:
    Challenge.objects.filter(
        purpose=purpose,
        email_norm=email_norm,
        flow_hash=_flow_hash(flow),
        consumed_at__isnull=True,
        superseded_at__isnull=True,
    ).update(superseded_at=clock.now(), payload={})


def _has_room(purpose: str, email_norm: str) -> bool:
    """Tell whether one more code may fit; whoever asks at once for the same waits."""
    key = signing.bound(f"challenge|{purpose}|{email_norm}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    live = Challenge.objects.open(at=clock.now()).filter(
        purpose=purpose, email_norm=email_norm, user__isnull=False
    )
    return live.count() < MOST_LIVE


def _flow_hash(flow: str | bytes) -> bytes:
    """Return what a flow is found by; bytes are that already."""
    if isinstance(flow, bytes):
        return flow
    return signing.digest(flow, salt="accounts.flow")


def _ticket_hash(ticket: str) -> bytes:
    return signing.digest(ticket, salt="accounts.ticket")


def _hash(challenge: Challenge, code: str) -> bytes:
    binding = signing.bound(f"{challenge.pk}|{challenge.purpose}")
    return codes.code_hash(code, salt=bytes(challenge.salt), binding=binding)


def verify(*, email_norm: str, code: str, flow: str, apply: Apply) -> Verified:
    """Compare a typed code with the challenge of this flow, and apply a right one.

    The attempt is spent before the comparison and commits on its own; a right code is
    consumed by one conditional statement, so of many at once a single one succeeds,
    in one transaction with what `apply` does.
    """
    challenge = _latest(email_norm, flow)
    if challenge is None or not storable(code):
        return Verified(Verdict.INVALID)
    standing = _standing(challenge)
    if standing is not None:
        return Verified(standing)
    # Counted before the comparison, so that of many at once none slips through; what
    # was no failure after all is given back.
    if not limits.allowed("verify.account", email_norm):
        return Verified(Verdict.TOO_MANY_ATTEMPTS)
    left = _spend(challenge)
    if left is not None and not _fits(challenge, code):
        return _missed(left)
    limits.give_back("verify.account", email_norm)
    if left is None:
        return Verified(Verdict.TOO_MANY_ATTEMPTS)
    return _succeed(challenge, apply)


def _fits(challenge: Challenge, code: str) -> bool:
    return codes.equal(bytes(challenge.code_hash or b""), _hash(challenge, code))


def _standing(challenge: Challenge) -> Verdict | None:
    """Return why no code can fit any more, or None."""
    if challenge.expires_at < clock.now():
        return Verdict.EXPIRED
    is_over = challenge.consumed_at or challenge.superseded_at
    return Verdict.INVALID if is_over else None


def _latest(email_norm: str, flow: str) -> Challenge | None:
    if not flow:
        return None
    return (
        Challenge.objects.filter(flow_hash=_flow_hash(flow), email_norm=email_norm)
        .select_related("user")
        .order_by("-created_at", F("superseded_at").desc(nulls_first=True))
        .first()
    )


def _spend(challenge: Challenge) -> int | None:
    """Spend one attempt and return how many are left, or None where none was."""
    values: dict[str, UUID | bytes | datetime] = {
        "id": challenge.pk,
        "flow_hash": bytes(challenge.flow_hash or b""),
        "now": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(SPEND, values)
        row = cursor.fetchone()
    return None if row is None else int(row[2])


def _missed(left: int) -> Verified:
    code_failures.count()
    if left == 0:
        return Verified(Verdict.TOO_MANY_ATTEMPTS)
    return Verified(Verdict.INVALID, attempts_remaining=left)


@transaction.atomic
def _succeed(challenge: Challenge, apply: Apply) -> Verified:
    if not consume(Q(pk=challenge.pk)):
        return Verified(Verdict.INVALID)
    ticket = apply(challenge)
    if ticket is False:
        return Verified(Verdict.INVALID)
    return Verified(Verdict.SUCCESS, challenge=challenge, ticket=ticket)


def consume(which: Q) -> bool:
    """Use up the one open challenge that is meant; of many at once one succeeds."""
    changed = (
        Challenge.objects.open(at=clock.now())
        .filter(which)
        .update(consumed_at=clock.now(), payload={})
    )
    return changed == 1


def issue_reset_ticket(user: User) -> str:
    """Return a new right to choose a password: single use, 10 minutes."""
    return _issue_ticket(Purpose.RESET_TICKET, user, TICKET_LIFE)


def issue_setup_ticket(user: User) -> str:
    """Return a new right to set the first password: single use, 7 days."""
    return _issue_ticket(Purpose.SETUP, user, SETUP_LIFE)


def _issue_ticket(purpose: str, user: User, life: timedelta) -> str:
    ticket = codes.new_secret()
    now = clock.now()
    Challenge.objects.create(
        purpose=purpose,
        user=user,
        email_norm=user.email_norm or "",
        secret_hash=_ticket_hash(ticket),
        created_at=now,
        expires_at=now + life,
    )
    return ticket


def ticket_owner(ticket: str, *, email_norm: str | None = None) -> User | None:
    """Return whose password the ticket may set, without spending it."""
    found = (
        Challenge.objects.open(at=clock.now())
        .filter(_ticket(ticket, email_norm))
        .select_related("user")
        .first()
    )
    return found.user if found else None


def spend_ticket(ticket: str, *, email_norm: str | None = None) -> bool:
    """Use the ticket up; False where it is unknown, used, expired or not for this."""
    return consume(_ticket(ticket, email_norm))


def drop_tickets(user: User) -> None:
    """Make every other pending right of this person worthless."""
    Challenge.objects.filter(
        user=user, consumed_at__isnull=True, superseded_at__isnull=True
    ).update(superseded_at=clock.now(), payload={})


def _ticket(ticket: str, email_norm: str | None) -> Q:
    which = Q(purpose__in=TICKETS, secret_hash=_ticket_hash(ticket))
    return which & Q(email_norm=email_norm) if email_norm is not None else which
