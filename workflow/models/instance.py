"""One run of a process, about one document."""

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow import documents, tenancy
from workflow.models.process import Process
from workflow.models.tenant_id import OwnRows, TenantIdField

#: Who has one of these has to see what it is about.
SEES_ALL = (
    "workflow.can_view_others_work",
    "workflow.can_manage_instances",
    "workflow.can_resolve_incidents",
)


def sees_all(user: Any) -> bool:
    """Say whether a person may look at everybody's work."""
    return any(map(user.has_perm, SEES_ALL))


class ProcessInstanceQuerySet(models.QuerySet["ProcessInstance"]):
    def visible_to(self, user: Any) -> "ProcessInstanceQuerySet":
        """Return what a person may see: own requests, and where they have work."""
        from workflow.models.work_item import WorkItem

        rows = tenancy.filtered(self, user=user)
        if sees_all(user):
            return rows  # type: ignore[return-value]
        items = WorkItem.objects.filter(instance=OuterRef("pk"))
        mine = items.filter(user=user)
        offered = items.offered_to(user)
        return rows.filter(Q(user=user) | Exists(mine) | Exists(offered))  # type: ignore[return-value]

    def requested_by(self, user: Any) -> "ProcessInstanceQuerySet":
        """Return what this person started; subflows are a part of it."""
        rows = tenancy.filtered(self, user=user)
        return rows.filter(user=user, parent_workitem=None)  # type: ignore[return-value]


class ProcessInstanceManager(
    OwnRows.from_queryset(ProcessInstanceQuerySet)  # type: ignore[misc]
):
    """Starts instances under the seed's name."""

    def start(
        self,
        process_name: str,
        user: Any,
        item: models.Model,
        title: str | None = None,
        priority: int = 0,
        *,
        data: dict[str, Any] | None = None,
        deferred: bool = False,
        idempotency_key: str | None = None,
    ) -> Any:
        """Start a process about a document and return the first work item.

        With `deferred` the instance is only written, and returned; see
        `starting.start_instance`. The same `idempotency_key` of the same person
        returns what the first call began.
        """
        from workflow import starting

        start = starting.prepare_process if deferred else starting.start_process
        return start(
            process_name,
            document=item,
            by=user,
            title=title,
            priority=priority,
            data=data,
            idempotency_key=idempotency_key,
        )


class ProcessInstance(models.Model):
    """One run of one version of a process; it stays on that version."""

    class Status(models.TextChoices):
        INITIATED = "initiated", _("initiated")
        RUNNING = "running", _("running")
        SUSPENDED = "suspended", _("suspended")
        COMPLETE = "complete", _("complete")
        TERMINATED = "terminated", _("terminated")

    tenant_id = TenantIdField()
    org_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - None: the resolver knows no unit
    title = models.CharField(_("title"), max_length=255)
    process = models.ForeignKey(
        Process, on_delete=models.PROTECT, related_name="instances"
    )
    process_version = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requester"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    creationTime = models.DateTimeField(_("started at"), default=clock.now)  # noqa: N815 - the seed's name
    closed_at = models.DateTimeField(null=True, blank=True)
    #: Why it was ended before its end.
    close_reason = models.CharField(
        max_length=1000, blank=True, default="", db_default=""
    )
    #: The work item whose subflow this is, the instance that began it all, and how
    #: many instances lie between.
    parent_workitem = models.ForeignKey(
        "WorkItem",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    root = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    depth = models.PositiveSmallIntegerField(default=0, db_default=0)
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.INITIATED
    )
    old_status = models.CharField(max_length=10, null=True, blank=True)  # noqa: DJ001 - None: never suspended
    priority = models.IntegerField(_("priority"), default=0)
    #: The last outcome, for reading; routing uses the one of the token.
    condition = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - None: not answered, an empty answer is one
    content_type = models.ForeignKey(
        ContentType, on_delete=models.PROTECT, related_name="+"
    )
    object_id = models.CharField(max_length=64)
    data = models.JSONField(default=dict, blank=True)
    #: Where the tokens are: see `workflow.routing.Marking`.
    marking = models.JSONField(default=dict, blank=True)
    #: Counts the moves; a step that read another number has lost.
    version = models.PositiveIntegerField(default=0)
    #: Who starts a process twice with the same word gets the first instance.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - None: not asked for
    #: The number of the last audit event of this instance.
    audit_seq = models.PositiveIntegerField(default=0)
    #: Its hash: the head of the chain.
    audit_head = models.CharField(max_length=64, blank=True, default="", db_default="")

    objects = ProcessInstanceManager()

    #: Who wants to change this version and no other says so before a verb.
    expected_version: int | None = None

    class Meta:
        verbose_name = _("process instance")
        verbose_name_plural = _("process instances")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="instance_started_once", fields=("user", "idempotency_key")
            ),
            models.CheckConstraint(
                name="instance_status_known",
                condition=Q(
                    status__in=(
                        "initiated",
                        "running",
                        "suspended",
                        "complete",
                        "terminated",
                    )
                ),
            ),
        )
        indexes = (
            models.Index(name="instance_by_status", fields=("status", "id")),
            models.Index(
                name="instance_by_document", fields=("content_type", "object_id")
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.status not in {self.Status.COMPLETE, self.Status.TERMINATED}

    @property
    def content_object(self) -> models.Model | None:
        """The document this is about, or None where it is gone."""
        return documents.load(self.content_type_id, self.object_id)

    def wfobject(self) -> models.Model | None:
        """Return the document, under the seed's name."""
        return self.content_object
