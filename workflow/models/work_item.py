"""One piece of work, for a person or for the engine."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow import tenancy
from workflow.models.activity import Activity
from workflow.models.instance import ProcessInstance, sees_all
from workflow.models.tenant_id import OwnRows, TenantIdField
from workflow.outcomes import Outcome

STATUSES = (
    "blocked",
    "inactive",
    "active",
    "suspended",
    "fallout",
    "complete",
    "expired",
    "cancelled",
)
#: A person can do something about these.
OPEN = ("inactive", "active")
#: These hold a token of the instance.
LIVE = ("blocked", "inactive", "active", "suspended", "fallout")


def is_offered_to(user: Any) -> Q:
    """Return the condition that nobody holds a work item and this person may take it.

    It is asked of one row after another, so one work item, or the first ones in their
    order, cost the same however many others are offered.
    """
    offers = WorkItem.pull_roles.through.objects.filter(
        workitem=OuterRef("pk"),
        # Said twice, or PostgreSQL would first read all offers into a hash table.
        workitem_id__gte=OuterRef("pk"),
    )
    membership = user.groups.through.objects.filter(
        user_id=user.pk, group_id=OuterRef("group_id")
    )
    allowed = Activity.allowed_users.through.objects.filter(
        activity_id=OuterRef("activity_id")
    )
    return Q(
        Exists(offers.filter(Exists(membership)))
        | Exists(allowed.filter(user_id=user.pk))
        | (~Exists(offers) & ~Exists(allowed)),
        status="inactive",
        user=None,
        activity__kind="standard",
        activity__autostart=False,
    )


def timers_known() -> "Prefetch[str]":
    """Return what reads beforehand, in one statement for all, what `due_at` needs."""
    # As an attribute: Django makes a query set for each row where it is none.
    return Prefetch("timers", to_attr="known_timers")


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    def open(self) -> "WorkItemQuerySet":
        """Return what waits for a person or is being worked on."""
        return self.filter(status__in=OPEN)

    def held_by(self, user: Any) -> "WorkItemQuerySet":
        """Return the open work items that this person holds."""
        rows = tenancy.filtered(self, user=user)
        return rows.filter(user=user, status__in=OPEN)  # type: ignore[return-value]

    def offered_to(self, user: Any) -> "WorkItemQuerySet":
        """Return the open work items that nobody holds and this person may take."""
        rows = tenancy.filtered(self, user=user)
        return rows.filter(is_offered_to(user))  # type: ignore[return-value]

    def takeable_by(self, user: Any) -> "WorkItemQuerySet":
        """Return what this person holds or may take, in processes switched on."""
        rows = tenancy.filtered(self, user=user)
        held = Q(user=user, status__in=OPEN)
        return rows.filter(  # type: ignore[return-value]
            held | is_offered_to(user), instance__process__enabled=True
        )

    def visible_to(self, user: Any) -> "WorkItemQuerySet":
        """Return what a person may see.

        Held by them, offered to them, or of what they asked for; whoever may view
        the work of others sees all of the tenant.
        """
        rows = tenancy.filtered(self, user=user)
        if sees_all(user):
            return rows  # type: ignore[return-value]
        own = Q(user=user) | Q(instance__user=user)
        return rows.filter(own | is_offered_to(user))  # type: ignore[return-value]

    # Under the seed's names

    def get_safe(
        self,
        id: int,  # noqa: A002 - the seed's name
        user: Any = None,
        enabled_only: bool = False,  # noqa: FBT001, FBT002 - the seed's signature
        status: Iterable[str] = OPEN,
    ) -> "WorkItem":
        """Return a work item that this person may work on; see `looking.get_safe`."""
        from workflow import looking

        return looking.get_safe(id, user=user, enabled_only=enabled_only, status=status)

    def list_safe(self, user: Any = None, **kwargs: Any) -> Any:
        """Return the work items of a person, or all; see `looking.list_safe`."""
        from workflow import looking

        return looking.list_safe(user=user, queryset=self, **kwargs)


class WorkItem(models.Model):
    """One piece of work at one activity; only the engine writes its status."""

    class Status(models.TextChoices):
        BLOCKED = "blocked", _("waiting for others")
        INACTIVE = "inactive", _("to do")
        ACTIVE = "active", _("in progress")
        SUSPENDED = "suspended", _("paused")
        FALLOUT = "fallout", _("needs help")
        COMPLETE = "complete", _("done")
        EXPIRED = "expired", _("timed out")
        CANCELLED = "cancelled", _("cancelled")

    tenant_id = TenantIdField()
    org_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - None: the resolver knows no unit
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.PROTECT, related_name="workitems"
    )
    activity = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="workitems"
    )
    #: The holder.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("holder"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="held",
    )
    #: Who let the holder do this, and whether it comes back when the holder is done.
    delegated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    returns = models.BooleanField(default=False, db_default=False)
    pull_roles = models.ManyToManyField(Group, blank=True, related_name="+")
    push_roles = models.ManyToManyField(Group, blank=True, related_name="+")
    status = models.CharField(
        _("status"), max_length=9, choices=Status, default=Status.INACTIVE
    )
    old_status = models.CharField(max_length=9, null=True, blank=True)  # noqa: DJ001 - None: never suspended
    #: The outcome of the token: inherited, and replaced at completion.
    condition = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - None: not answered, an empty answer is one
    priority = models.IntegerField(_("priority"), default=0)
    date = models.DateTimeField(_("last change"), default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    #: Starts the clock of the timeouts; never moved by saving or activating.
    available_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    #: Set when the token has left; guards against a second forward.
    forwarded_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    workitem_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    others_workitems_from = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="+"
    )

    objects = OwnRows.from_queryset(WorkItemQuerySet)()

    #: Who wants to change this version and no other says so before a verb.
    expected_version: int | None = None

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        ordering = ("-priority", "id")
        constraints = (
            models.CheckConstraint(
                name="work_item_status_known", condition=Q(status__in=STATUSES)
            ),
            models.CheckConstraint(
                name="work_item_returns_to_somebody",
                condition=Q(returns=False)
                | Q(delegated_by__isnull=False, user__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="work_item_open_by_holder",
                fields=("user", "-priority", "id"),
                condition=Q(status__in=OPEN),
            ),
            models.Index(
                name="work_item_offered",
                fields=("-priority", "id"),
                condition=Q(status="inactive", user__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"

    @property
    def blocked(self) -> bool:
        return self.status == self.Status.BLOCKED

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def due_at(self) -> datetime | None:
        """When the first pending timeout fires, or None."""
        known = self.__dict__.get("known_timers")
        pending = [
            timer.due_at
            for timer in (self.timers.all() if known is None else known)
            if timer.kind == "timeout" and timer.state == "pending"
        ]
        return min(pending, default=None)

    @property
    def idempotency_key(self) -> str:
        """A word for other systems: the same in every attempt at this item."""
        return f"{self.tenant_id}:{self.pk}"

    def wfobject(self) -> models.Model | None:
        """Return the document of the instance."""
        return self.instance.content_object

    def outcomes(self) -> list[Outcome]:
        """Return the answers this item accepts, in order; empty means just done."""
        from workflow import graph

        version = graph.of(self.instance.process)
        return version.outcomes(version.key_of(self.activity_id))

    @property
    def events(self) -> Any:
        """What happened to this item, oldest first; the name is the seed's."""
        from workflow.models.audit_event import AuditEvent

        return AuditEvent.objects.of_instance(self.instance_id).filter(
            workitem_id=self.pk
        )

    def check_user(self, user: Any) -> bool:
        """Say whether a person holds this item, or may take it."""
        from workflow import looking

        return looking.check_user(self, user)

    def set_user(self, user: Any, commit: bool = True) -> bool:  # noqa: FBT001, FBT002 - the seed's signature
        """Let a person hold this item; False, and unchanged, where they may not."""
        from workflow import looking

        return looking.set_user(self, user, commit=commit)

    def can_priority_change(self, user: Any = None) -> bool:
        """Say whether a person, or the holder, may change the priority."""
        from workflow import priorities

        person = user or self.user
        return person is not None and priorities.may_change(person)

    def activate(self, actor: Any) -> None:
        """Take this item and start on it."""
        from workflow import engine

        engine.activate_work_item(self, by=actor)

    def complete(
        self,
        actor: Any,
        condition: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Finish this item with an outcome and send its token on."""
        from workflow import engine

        engine.complete_work_item(self, outcome=condition, data=data, by=actor)

    def forward(
        self,
        timeout_forwarding: bool = False,  # noqa: FBT001, FBT002 - the seed's signature
        *,
        actor: Any = None,
    ) -> None:
        """Send the token on: of a completed item, or by a timeout that is due."""
        from workflow import engine, timers

        if timeout_forwarding:
            timers.fire_due_of(self)
        else:
            engine.forward_work_item(self, by=actor)
