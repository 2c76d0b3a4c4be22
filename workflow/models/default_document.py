"""A document to try a process with before there is a model of its own."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from workflow.handlers import document
from workflow.models.tenant_id import OwnRows, TenantIdField


@document(
    card="workflow/partials/default_document.html",
    form_fields=("comment",),
    history="history",
)
class DefaultAppModel(models.Model):
    """A document that is nothing but its history; the name is the seed's."""

    tenant_id = TenantIdField()
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    history = models.TextField(_("history"), blank=True)
    comment = models.TextField(_("comment"), blank=True)

    objects = OwnRows["DefaultAppModel"]()

    class Meta:
        verbose_name = _("default document")
        verbose_name_plural = _("default documents")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
