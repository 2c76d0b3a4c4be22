"""The registered names that activities use."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from workflow.models.tenant_id import OwnRows, TenantIdField


class Application(models.Model):
    """A registered application: what does the work of an activity."""

    tenant_id = TenantIdField()
    #: The registered name; the column's name is the seed's.
    url = models.CharField(_("registered name"), max_length=255, unique=True)

    objects = OwnRows["Application"]()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ("url",)

    def __str__(self) -> str:
        return self.url


class PushApplication(models.Model):
    """A registered push application: it chooses who gets a work item."""

    tenant_id = TenantIdField()
    url = models.CharField(_("registered name"), max_length=255, unique=True)

    objects = OwnRows["PushApplication"]()

    class Meta:
        verbose_name = _("push application")
        verbose_name_plural = _("push applications")
        ordering = ("url",)

    def __str__(self) -> str:
        return self.url
