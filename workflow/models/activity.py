"""One place of a process, where work is done or a way is chosen."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from workflow.models import sealing
from workflow.models.keys import free
from workflow.models.tenant_id import OwnRows, TenantIdField


class Activity(sealing.Part):
    """One place of a process where work is done or a way is chosen."""

    class Kind(models.TextChoices):
        STANDARD = "standard", _("standard")
        DUMMY = "dummy", _("dummy")
        SUBFLOW = "subflow", _("subflow")

    class NodeType(models.TextChoices):
        """What an activity stands for in a drawing; the engine does not look."""

        STANDARD = "standard", _("standard")
        APPROVAL = "approval", _("approval")
        REVIEW = "review", _("review")
        SERVICE = "service", _("service")
        NOTIFICATION = "notification", _("notification")
        GATEWAY = "gateway", _("gateway")
        SCRIPT = "script", _("script")

    class Mode(models.TextChoices):
        XOR = "xor", _("one of the ways")
        AND = "and", _("all of the ways")

    tenant_id = TenantIdField()
    process = models.ForeignKey(
        "Process", on_delete=models.PROTECT, related_name="activities"
    )
    #: The identity that all versions of the process share.
    key = models.SlugField(max_length=64)
    title = models.CharField(_("title"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(
        _("kind"), max_length=8, choices=Kind, default=Kind.STANDARD
    )
    node_type = models.CharField(
        max_length=12,
        choices=NodeType,
        default=NodeType.STANDARD,
        db_default="standard",
    )
    roles = models.ManyToManyField(
        Group, verbose_name=_("roles"), blank=True, related_name="+"
    )
    allowed_groups = models.ManyToManyField(Group, blank=True, related_name="+")
    allowed_users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+"
    )
    #: Who is told of a service level that is missed.
    sla_roles = models.ManyToManyField(Group, blank=True, related_name="+")
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
    form_template = models.CharField(
        max_length=255, blank=True, default="", db_default=""
    )
    compensation_handler = models.CharField(
        max_length=255, blank=True, default="", db_default=""
    )
    #: The code of the process that a subflow runs, and `latest` or a version number.
    subflow = models.CharField(max_length=100, blank=True, default="", db_default="")
    subflow_binding = models.CharField(
        max_length=10, default="latest", db_default="latest"
    )
    #: Variables of the child from the parent's, and the other way round at its end.
    map_in = models.JSONField(default=dict, db_default={}, blank=True)
    map_out = models.JSONField(default=dict, db_default={}, blank=True)
    #: Durations such as `3d`; the warning comes before the duration has passed.
    sla_duration = models.CharField(
        max_length=16, blank=True, default="", db_default=""
    )
    sla_warn = models.CharField(max_length=16, blank=True, default="", db_default="")
    #: How often automatic work is tried before it becomes an incident.
    max_attempts = models.PositiveSmallIntegerField(default=3, db_default=3)
    autostart = models.BooleanField(default=False)
    autofinish = models.BooleanField(default=True)
    join_mode = models.CharField(max_length=3, choices=Mode, default=Mode.XOR)
    split_mode = models.CharField(max_length=3, choices=Mode, default=Mode.AND)

    objects = OwnRows.from_queryset(sealing.PartQuerySet)()

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
                condition=Q(
                    kind__in=("standard", "dummy", "subflow"),
                    node_type__in=(
                        "standard",
                        "approval",
                        "review",
                        "service",
                        "notification",
                        "gateway",
                        "script",
                    ),
                ),
            ),
            models.CheckConstraint(
                name="activity_modes_known",
                condition=Q(
                    join_mode__in=("xor", "and"), split_mode__in=("xor", "and")
                ),
            ),
            models.CheckConstraint(
                name="activity_subflow_named",
                condition=(Q(kind="subflow") & ~Q(subflow=""))
                | (~Q(kind="subflow") & Q(subflow="")),
            ),
        )

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the activity; one without a key gets one, made of its title."""
        if not self.key:
            taken = Activity.objects.filter(process=self.process_id)
            self.key = free(slugify(self.title)[:60] or "activity", taken)
        super().save(*args, **kwargs)


# Who may do the work is part of the version too; the tables that say it are Django's.
for through in (
    Activity.roles.through,
    Activity.allowed_groups.through,
    Activity.allowed_users.through,
    Activity.sla_roles.through,
):
    sealing.seal(through, sealing.OfActivityQuerySet)
