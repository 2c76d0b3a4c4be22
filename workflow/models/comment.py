"""What people write beside the work."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import clock
from workflow.models.instance import ProcessInstance
from workflow.models.tenant_id import OwnRows, TenantIdField
from workflow.models.work_item import WorkItem


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

    objects = OwnRows["Comment"]()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:50]
