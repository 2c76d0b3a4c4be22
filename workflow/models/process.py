"""What can be done: a versioned process, its activities and its transitions."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow import tenancy
from workflow.models.tenant_id import OwnRows, TenantIdField


class ProcessQuerySet(models.QuerySet["Process"]):
    def published(self) -> "ProcessQuerySet":
        """Return the versions that new instances start on."""
        return self.filter(status=Process.Status.PUBLISHED)

    def visible_to(self, user: Any) -> "ProcessQuerySet":
        """Return what a person may look at: the published versions.

        Whoever manages the workflow sees drafts and retired versions too.
        """
        rows = tenancy.filtered(self, user=user)
        if user.has_perm("workflow.can_browse"):
            return rows  # type: ignore[return-value]
        return rows.filter(status=Process.Status.PUBLISHED)  # type: ignore[return-value]


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
        )

    def __str__(self) -> str:
        return self.title

    def get_identity(self) -> str:
        """Return what is the same in all versions."""
        return self.code


class Activity(models.Model):
    """One place of a process where work is done or a way is chosen."""

    class Kind(models.TextChoices):
        STANDARD = "standard", _("standard")
        DUMMY = "dummy", _("dummy")

    class Mode(models.TextChoices):
        XOR = "xor", _("one of the ways")
        AND = "and", _("all of the ways")

    tenant_id = TenantIdField()
    process = models.ForeignKey(
        Process, on_delete=models.PROTECT, related_name="activities"
    )
    #: The identity that all versions of the process share.
    key = models.SlugField(max_length=64)
    title = models.CharField(_("title"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(
        _("kind"), max_length=8, choices=Kind, default=Kind.STANDARD
    )
    roles = models.ManyToManyField(
        Group, verbose_name=_("roles"), blank=True, related_name="+"
    )
    push_application = models.ForeignKey(
        "PushApplication",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    pushapp_param = models.JSONField(default=dict, blank=True)
    application = models.ForeignKey(
        "Application",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    app_param = models.JSONField(default=dict, blank=True)
    form_class = models.CharField(max_length=255, blank=True)
    autostart = models.BooleanField(default=False)
    autofinish = models.BooleanField(default=True)
    join_mode = models.CharField(max_length=3, choices=Mode, default=Mode.XOR)
    split_mode = models.CharField(max_length=3, choices=Mode, default=Mode.AND)

    objects = OwnRows["Activity"]()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                name="activity_key_once", fields=("process", "key")
            ),
            models.UniqueConstraint(
                name="activity_title_once", fields=("process", "title")
            ),
            models.CheckConstraint(
                name="activity_kind_known",
                condition=Q(kind__in=("standard", "dummy")),
            ),
            models.CheckConstraint(
                name="activity_modes_known",
                condition=Q(
                    join_mode__in=("xor", "and"), split_mode__in=("xor", "and")
                ),
            ),
        )

    def __str__(self) -> str:
        return self.title


class Transition(models.Model):
    """The way from one activity to the next, with its condition."""

    tenant_id = TenantIdField()
    process = models.ForeignKey(
        Process, on_delete=models.PROTECT, related_name="transitions"
    )
    key = models.SlugField(max_length=140)
    name = models.CharField(_("name"), max_length=50, blank=True)
    description = models.CharField(_("description"), max_length=100, blank=True)
    #: The source; the name is the seed's.
    input = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="transition_outputs"
    )
    #: The target; the name is the seed's.
    output = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="transition_inputs"
    )
    order = models.IntegerField(_("order"), default=0)
    is_default = models.BooleanField(default=False)
    #: The normalised condition, and what its author typed.
    condition = models.CharField(_("condition"), max_length=1000, blank=True)
    condition_raw = models.CharField(max_length=1000, blank=True)
    precondition = models.CharField(max_length=255, blank=True)
    pre_hook = models.CharField(max_length=255, blank=True)
    post_hook = models.CharField(max_length=255, blank=True)

    objects = OwnRows["Transition"]()

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ("order", "id")
        constraints = (
            models.UniqueConstraint(
                name="transition_key_once", fields=("process", "key")
            ),
            models.UniqueConstraint(
                name="transition_one_default",
                fields=("input",),
                condition=Q(is_default=True),
            ),
            models.CheckConstraint(
                name="transition_default_is_plain",
                condition=Q(is_default=False) | Q(condition=""),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.key
