"""How a tenant looks and signs its mails: a single row a schema."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

hex_colour = RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", "Write a colour like #3b5bdb.")


class RegistrationPolicy(models.TextChoices):
    """Who may register by themselves."""

    OPEN = "open", _("everybody")
    DOMAINS = "domains", _("people with an address of named domains")
    INVITE_ONLY = "invite_only", _("nobody; people are invited")


class TenantBranding(models.Model):
    """Name, colours and sender of one tenant; empty values fall back."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=80, blank=True)
    primary = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    on_primary = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    accent = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    background = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    text = models.CharField(max_length=7, blank=True, validators=[hex_colour])
    #: Names in the tenant's file storage; each holds the hash of its content.
    logo = models.CharField(max_length=200, blank=True)
    logo_dark = models.CharField(max_length=200, blank=True)
    sender_name = models.CharField(max_length=60, blank=True)
    reply_to = ArrayField(models.EmailField(), size=3, default=list, blank=True)
    footer = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=12, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    mail_enabled = models.BooleanField(default=True)
    #: Who may register here; empty is the platform's setting.
    registration_policy = models.CharField(
        max_length=12, choices=RegistrationPolicy, blank=True
    )
    registration_domains = ArrayField(
        models.CharField(max_length=253), size=20, default=list, blank=True
    )
    #: Whether everybody needs a second factor, and passwords may be shorter.
    require_mfa = models.BooleanField(default=False)
    #: How long a device may rest and stay signed in; empty is the longest.
    session_idle_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    session_longest_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = "branding"
        verbose_name_plural = "branding"
        constraints = (
            models.CheckConstraint(name="branding_single_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="branding_session_limits",
                condition=Q(session_idle_hours__isnull=True)
                | Q(session_idle_hours__range=(1, 720)),
            ),
            models.CheckConstraint(
                name="branding_session_end",
                condition=Q(session_longest_days__isnull=True)
                | Q(session_longest_days__range=(1, 30)),
            ),
        )

    def __str__(self) -> str:
        return self.name or "branding"
