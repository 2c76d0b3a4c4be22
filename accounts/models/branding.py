"""How a tenant looks and signs its mails: a single row a schema."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

hex_colour = RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", "Write a colour like #3b5bdb.")


class TenantBranding(models.Model):
    """Name, colours and sender of one tenant; empty values fall back."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=80, blank=True)
    primary = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    accent = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    sender_name = models.CharField(max_length=60, blank=True)
    reply_to = ArrayField(models.EmailField(), size=3, default=list, blank=True)
    footer = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=12, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    mail_enabled = models.BooleanField(default=True)

    class Meta:
        verbose_name = "branding"
        verbose_name_plural = "branding"
        constraints = (
            models.CheckConstraint(name="branding_single_row", condition=Q(id=1)),
        )

    def __str__(self) -> str:
        return self.name or "branding"
