"""An address that nobody may take for a while."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SlugHold(models.Model):
    """A slug that was freed, and until when it stays away from others.

    `tenant` is whose it was, a bare uuid: the tenant may be gone, or take it back.
    """

    class Reason(models.TextChoices):
        RENAMED = "renamed", _("Renamed")
        PURGED = "purged", _("Purged")

    slug = models.CharField(max_length=32, primary_key=True)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    tenant = models.UUIDField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug
