"""What people write beside the work."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow import tenancy
from workflow.models.instance import ProcessInstance
from workflow.models.tenant_id import OwnRows, TenantIdField
from workflow.models.work_item import WorkItem


class CommentQuerySet(models.QuerySet["Comment"]):
    def visible_to(self, user: Any) -> "CommentQuerySet":
        """Return what a person may read of the remarks about what they see."""
        rows = tenancy.filtered(self, user=user)
        if tenancy.filters():
            seen = tenancy.filtered(WorkItem.objects.all(), user=user)
            about = Q(workitem=None) | Q(workitem__in=seen.order_by().values("pk"))
            rows = rows.filter(about)
        return rows  # type: ignore[return-value]


class Comment(models.Model):
    """A remark about an instance, or about one piece of its work."""

    tenant_id = TenantIdField()
    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.PROTECT, related_name="comments"
    )
    workitem = models.ForeignKey(
        WorkItem,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="comments",
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    text = models.CharField(max_length=1000)
    created_at = models.DateTimeField(default=clock.now)

    objects = OwnRows.from_queryset(CommentQuerySet)()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:50]
