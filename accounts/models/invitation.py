"""Invitations to a tenant: an address, a role, and a secret link."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.user import User
from kernel import clock

OPEN = Q(accepted_at__isnull=True, revoked_at__isnull=True)


class Invitation(models.Model):
    """Somebody was asked to come in with a role; the link's secret is hashed."""

    email = models.CharField(max_length=254)
    email_norm = models.CharField(max_length=254)
    role = models.CharField(max_length=8, choices=User.Role, default=User.Role.MEMBER)
    groups = ArrayField(models.CharField(max_length=150), default=list)
    language = models.CharField(max_length=12, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    token_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    revoked_at = models.DateTimeField(null=True)
    sent_count = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="invitation_one_open_per_address",
                fields=("email_norm",),
                condition=OPEN,
            ),
        )

    def __str__(self) -> str:
        return f"invitation {self.pk}"
