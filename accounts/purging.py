"""Let go of what nobody needs any more, in the entered schema.

Each kind of row has a rule: which rows are gone, and since when. A source of due work
runs them, so that nobody has to schedule this; `manage.py purge_accounts` does the
same at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import (
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.deletion import ProtectedError, RestrictedError
from django.db.models.functions import Coalesce, Least

from accounts import conf
from accounts.branding import changing
from accounts.models import (
    ApiToken,
    Challenge,
    Invitation,
    LimitCounter,
    MailMessage,
    MfaDevice,
    RefreshSession,
    SecurityEvent,
    User,
)
from kernel import clock
from tenants import context
from tenants.scheduling import sources

DAY = timedelta(days=1)
PENDING_LIFE = timedelta(days=7)
BATCH = 1_000
#: So that the rows of an hour go at once.
PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Rule:
    """Rows of one kind, and how long after their end they stay."""

    name: str
    rows: Callable[[], "QuerySet[Any]"]
    #: The instant at which a row ended.
    ended_at: Any
    kept: timedelta | Callable[[], timedelta]

    @property
    def life(self) -> timedelta:
        """Return how long a row stays, as the settings are now."""
        return self.kept() if callable(self.kept) else self.kept

    def dead(self) -> "QuerySet[Any]":
        """Return the rows that are past their time, the oldest first."""
        before = clock.now() - self.life
        rows: QuerySet[Any] = self.rows().annotate(ended=self.ended_at)
        return rows.filter(ended__lt=before).order_by("ended", "pk")

    def next_one(self) -> "QuerySet[Any]":
        """Return when the row that ended first has been past its time for a while."""
        return self.waiting("ended", "pk")

    def waiting(self, *order: str) -> "QuerySet[Any]":
        rows: QuerySet[Any] = self.rows().annotate(ended=self.ended_at)
        due = ExpressionWrapper(F("ended") + (self.life + PAUSE), DateTimeField())
        found: QuerySet[Any] = (
            rows.order_by(*order).annotate(due=due).values_list("due")
        )
        return found[:1]


class InOrder(Rule):
    """Rows that end about in the order in which they were written.

    The first of them is found by its key, however many there are; it may have ended
    some hours after another one, which then waits for it.
    """

    def next_one(self) -> "QuerySet[Any]":
        """Return the same of the first row."""
        return self.waiting("pk")


def pending() -> "QuerySet[User]":
    """Return the accounts whose person never came in and has no way in any more.

    A first owner stays: without one nobody could run the tenant.
    """
    ways = Challenge.objects.open(at=clock.now()).filter(user=OuterRef("pk"))
    people: QuerySet[User] = User.objects.people()
    return people.filter(
        ~Q(role=User.Role.OWNER),
        ~Exists(ways),
        is_active=False,
        email_verified_at__isnull=True,
        deactivated_at__isnull=True,
    )


PEOPLE = Rule("pending_accounts", pending, F("date_joined"), PENDING_LIFE)
#: In an end state, `due_at` is where the lease of the last try would have run out.
MAILS = InOrder(
    "mails",
    MailMessage.objects.ended,
    Coalesce("sent_at", "due_at"),
    lambda: conf.current().mail_log_life,
)
EVENTS = Rule("events", SecurityEvent.objects.all, F("at"), 400 * DAY)
RULES = (
    Rule("challenges", Challenge.objects.all, F("expires_at"), DAY),
    Rule(
        "devices",
        RefreshSession.objects.all,
        Coalesce("revoked_at", Least("idle_expires_at", "expires_at")),
        30 * DAY,
    ),
    Rule(
        "api_tokens",
        ApiToken.objects.all,
        Coalesce("revoked_at", "expires_at"),
        400 * DAY,
    ),
    Rule(
        "invitations",
        Invitation.objects.all,
        Coalesce("accepted_at", "revoked_at", "expires_at"),
        90 * DAY,
    ),
    Rule(
        "unconfirmed_factors",
        lambda: MfaDevice.objects.filter(confirmed_at__isnull=True),
        F("created_at"),
        DAY,
    ),
    Rule("limits", LimitCounter.objects.all, F("last_hit_at"), 2 * DAY),
    MAILS,
    Rule("browser_sessions", Session.objects.all, F("expire_date"), timedelta(0)),
)
ALL = (*RULES, PEOPLE, EVENTS)


def run(limit: int = BATCH) -> dict[str, int]:
    """Delete up to so many rows of each kind; return how many went by name."""
    gone = {rule.name: _delete(rule.dead(), limit) for rule in RULES}
    gone[PEOPLE.name] = _delete_people(limit)
    gone[EVENTS.name] = _delete_events(limit)
    gone["stray_logos"] = _sweep_files(limit)
    return gone


def run_due(limit: int) -> int:
    """Delete what is past its time; for TENANT_DUE_SOURCES.

    One statement where it is not time yet.
    """
    due = next_due()
    if due is None or due > clock.now():
        return 0
    return sum(run(limit).values())


def due_instants() -> "list[QuerySet[Any]]":
    """Return the query of each rule; for TENANT_DUE_SOURCES."""
    return [rule.next_one() for rule in ALL]


def next_due() -> datetime | None:
    """Return when the next row will be past its time; for TENANT_DUE_SOURCES."""
    return sources.earliest(due_instants())


@transaction.atomic
def _delete(dead: "QuerySet[Any]", limit: int) -> int:
    """Delete some rows, passing over those another worker deletes."""
    free = dead.select_for_update(skip_locked=True, of=("self",))
    keys = list(free.values_list("pk", flat=True)[:limit])
    dead.model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001 - Django's public name
    return len(keys)


def _delete_people(limit: int) -> int:
    return sum(_delete_person(one) for one in PEOPLE.dead()[:limit])


@transaction.atomic
def _delete_person(user: User) -> bool:
    """Delete one pending account; one that work points at stays another week."""
    rows = pending().select_for_update(of=("self",))
    found = rows.filter(pk=user.pk).first()
    if found is None:
        return False
    try:
        with transaction.atomic():
            found.delete()
    except (ProtectedError, RestrictedError):
        User.objects.filter(pk=user.pk).update(date_joined=clock.now())
        return False
    return True


def _sweep_files(limit: int) -> int:
    """Remove files that nothing names; operators have none.

    Whenever other things are due: to look for strays alone wakes nobody.
    """
    return 0 if context.in_control() else changing.sweep(limit)


def _delete_events(limit: int) -> int:
    """Delete old events as the owner of the tables: a tenant's role may not."""
    entered = context.current()
    if isinstance(entered, context.TenantInfo):
        with context.use(context.as_owner(entered)):
            return _drop_events(limit)
    return _drop_events(limit)


@transaction.atomic
def _drop_events(limit: int) -> int:
    keys = EVENTS.dead().values("pk")[:limit]
    _let_events_go("on")
    # The rows' own manager refuses, as it should everywhere else.
    gone, _by_model = QuerySet(SecurityEvent).filter(pk__in=keys).delete()
    _let_events_go("off")
    return gone


def _let_events_go(switch: str) -> None:
    """Tell the trigger that stands on the table of the control plane."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('accounts.retention', %s, true)", [switch])
