"""What can be done: a process, version by version."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow import tenancy
from workflow.errors import ProcessImmutable, ProcessNotFound
from workflow.models import sealing
from workflow.models.activity import Activity
from workflow.models.tenant_id import OwnRows, TenantIdField
from workflow.models.transition import Transition

#: Whoever holds one of these sees every version.
SEE_ALL = ("workflow.can_browse", "workflow.can_design", "workflow.can_publish")


class ProcessQuerySet(models.QuerySet["Process"]):
    def published(self) -> "ProcessQuerySet":
        """Return the versions that new instances start on."""
        return self.filter(status=Process.Status.PUBLISHED)

    def named(self, name: str) -> "ProcessQuerySet":
        """Return the versions with this title or code, those of the code first.

        A title is anybody's to choose; what is started by its code stays the same.
        """
        found = self.filter(Q(title=name) | Q(code=name))
        is_other = Case(When(code=name, then=Value(0)), default=Value(1))
        return found.order_by(is_other, "id")

    def visible_to(self, user: Any) -> "ProcessQuerySet":
        """Return what a person may look at: the published versions.

        Whoever browses, designs or publishes sees drafts and retired versions too.
        """
        rows = tenancy.filtered(self, user=user)
        if any(map(user.has_perm, SEE_ALL)):
            return rows  # type: ignore[return-value]
        return rows.filter(status=Process.Status.PUBLISHED)  # type: ignore[return-value]

    # The seed's questions about a title or a code

    def is_enabled(self, name: str, user: Any = None) -> bool:
        """Say whether the published version is switched on. Raises ProcessNotFound."""
        return self._in_force(name, user).enabled

    def get_effective(self, name: str, user: Any = None) -> "Process":
        """Return the version that starts: published and switched on.

        Raises ProcessNotFound where there is none.
        """
        process = self._in_force(name, user)
        if not process.enabled:
            raise ProcessNotFound
        return process

    def check_can_start(self, name: str, user: Any) -> "Process":
        """Return the version of a name that this person may start.

        Raises ProcessNotFound, and ProcessNotAllowed where it is off or for others.
        """
        from workflow import rights

        process = self._in_force(name, user)
        groups = frozenset(user.groups.values_list("pk", flat=True))
        rights.require_startable(process, groups, by=user)
        return process

    def _in_force(self, name: str, user: Any) -> "Process":
        rows: Any = tenancy.filtered(self.published().named(name), user=user)
        process: Process | None = rows.first()
        if process is None:
            raise ProcessNotFound
        return process

    # Versions that were published stay as they are

    def written(self, **values: Any) -> int:
        """Update without asking: for the verbs that publish, and for nobody else."""
        return super().update(**values)

    def update(self, **values: Any) -> int:
        """Raise ProcessImmutable unless all are drafts; the switch is always free."""
        if sealing.PUBLISHED & values.keys():
            raise ProcessImmutable
        with transaction.atomic():
            if not values.keys() <= sealing.SWITCHES:
                sealing.require_drafts(Q(pk__in=self.order_by().values("pk")))
            return super().update(**values)

    def bulk_create(
        self, objs: "Iterable[Process]", *args: Any, **kwargs: Any
    ) -> "list[Process]":
        """Raise ProcessImmutable unless all are drafts."""
        rows = list(objs)
        for row in rows:
            row.require_draft()
        keys = {row.pk for row in rows if row.pk}
        with transaction.atomic():
            sealing.require_drafts(Q(pk__in=keys))
            return super().bulk_create(rows, *args, **kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Raise ProcessImmutable unless all are drafts."""
        with transaction.atomic():
            sealing.require_drafts(Q(pk__in=self.order_by().values("pk")))
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Process(models.Model):
    """One version of a process; a published one never changes."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        RETIRED = "retired", _("retired")

    tenant_id = TenantIdField()
    org_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - None: the resolver knows no unit
    title = models.CharField(_("title"), max_length=100)
    code = models.CharField(_("code"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    version_note = models.CharField(max_length=255, blank=True)
    status = models.CharField(
        _("status"), max_length=9, choices=Status, default=Status.DRAFT
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    priority = models.IntegerField(_("priority"), default=0)
    date = models.DateTimeField(_("last change"), default=clock.now)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    begin = models.ForeignKey(
        "Activity",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="begins",
    )
    end = models.ForeignKey(
        "Activity", null=True, blank=True, on_delete=models.PROTECT, related_name="ends"
    )
    start_groups = models.ManyToManyField(Group, blank=True, related_name="+")
    #: Whether who asked for an instance may end it before its end.
    requester_may_cancel = models.BooleanField(default=False, db_default=False)
    #: The types of the variables, by name: see `workflow.variables`.
    data_schema = models.JSONField(default=dict, db_default={}, blank=True)
    #: Counts the changes of a draft; who edits an older one is refused.
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    #: The last verdict of the soundness check.
    soundness = models.JSONField(
        default=dict, db_default={}, blank=True, editable=False
    )
    #: SHA-256 of the content, set at publishing and checked at each load.
    content_hash = models.CharField(max_length=64, blank=True, editable=False)

    objects = OwnRows.from_queryset(ProcessQuerySet)()

    class Meta:
        verbose_name = _("process")
        verbose_name_plural = _("processes")
        ordering = ("title", "-version")
        constraints = (
            models.UniqueConstraint(
                name="process_version_once", fields=("code", "version")
            ),
            models.UniqueConstraint(
                name="process_one_published",
                fields=("code",),
                condition=Q(status="published"),
            ),
            models.CheckConstraint(
                name="process_status_known",
                condition=Q(status__in=("draft", "published", "retired")),
            ),
            models.CheckConstraint(
                name="process_published_is_whole",
                condition=Q(status="draft")
                | Q(begin__isnull=False, end__isnull=False, published_at__isnull=False)
                & ~Q(content_hash=""),
            ),
        )
        permissions = (
            ("can_instantiate", "Can start processes"),
            ("can_browse", "Can browse every version of a process"),
            ("can_view_others_work", "Can see the work of others"),
            ("can_reassign", "Can give work to others"),
            ("can_change_priority", "Can change the priority of work"),
            ("can_design", "Can draw processes"),
            ("can_publish", "Can publish processes"),
            ("can_publish_unsound", "Can publish a process that may get stuck"),
            ("can_monitor", "Can see figures about all work"),
            ("can_manage_instances", "Can pause, resume and cancel instances"),
            ("can_resolve_incidents", "Can resolve incidents"),
            ("can_view_audit", "Can read the whole audit trail"),
            ("can_manage_webhooks", "Can manage webhooks"),
            ("can_export", "Can export processes and histories"),
        )

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, no_end: bool = False, **kwargs: Any) -> None:
        """Write a draft; a new one gets an end, unless `no_end` says otherwise.

        Takes what Django's takes. Of a version that was published, only the switch is
        written: anything else raises ProcessImmutable.
        """
        names = kwargs.get("update_fields")
        if names is not None and set(names) <= sealing.SWITCHES:
            super().save(*args, **kwargs)
            return
        is_new = self._state.adding
        with transaction.atomic(using=kwargs.get("using")):
            sealing.require_drafts(Q(pk=self.pk))
            if names is None or sealing.PUBLISHED & set(names):
                self.require_draft()
            self.code = self.code or self.title
            super().save(*args, **kwargs)
            if is_new and not no_end and self.end_id is None:
                self._add_end()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raise ProcessImmutable unless this is a draft."""
        with transaction.atomic(using=kwargs.get("using")):
            sealing.require_drafts(Q(pk=self.pk))
            return super().delete(*args, **kwargs)

    def get_identity(self) -> str:
        """Return what is the same in all versions."""
        return self.code

    def require_draft(self) -> None:
        """Raise ProcessImmutable where the row says that it was published."""
        published = self.published_at or self.published_by_id or self.content_hash
        if self.status != self.Status.DRAFT or published:
            raise sealing.immutable(self.pk)

    def _add_end(self) -> None:
        end = Activity(process=self, key="end", title="End", kind=Activity.Kind.DUMMY)
        end.save(using=self._state.db)
        self.end = end
        super().save(using=self._state.db, update_fields=["end"])

    def add_transition(
        self, name: str, activity_out: Activity, activity_in: Activity
    ) -> Transition:
        """Lead from `activity_in` to `activity_out`: the words are the seed's.

        Raises ProcessImmutable, and ProcessInvalid on activities of another process.
        """
        return Transition.objects.create(
            process=self, name=name, input=activity_in, output=activity_out
        )


# Who may start it is part of the version too; the table that says it is Django's.
sealing.seal(Process.start_groups.through, sealing.OfProcessQuerySet)
