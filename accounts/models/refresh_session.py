"""Devices that are signed in: one row each, for tokens and for the pages."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from kernel import clock


class RefreshSession(models.Model):
    """A signed-in device; its refresh token rotates, only hashes are kept."""

    class Kind(models.TextChoices):
        WEB = "web"
        MOBILE = "mobile"
        PAGE = "page"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    family_hash = models.BinaryField(max_length=32, default=bytes)
    current_hash = models.BinaryField(max_length=32, default=bytes)
    previous_hash = models.BinaryField(max_length=32, null=True)
    rotated_at = models.DateTimeField(null=True)
    generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    idle_expires_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=32, blank=True)
    client_label = models.CharField(max_length=80, blank=True)
    client_prefix = models.CharField(max_length=64, blank=True)
    #: When tokens were last issued; no access token outlives it by its life.
    last_used_at = models.DateTimeField(default=clock.now)
    #: The token version at sign-in: a later one ends this session.
    token_version = models.PositiveIntegerField(default=1)
    #: When its person last proved who it is, by password or by both factors.
    authenticated_at = models.DateTimeField(default=clock.now)
    #: When a second factor was last shown; empty without one.
    mfa_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                name="refresh_session_open_by_user",
                fields=("user",),
                condition=Q(revoked_at__isnull=True),
            ),
            models.Index(name="refresh_session_by_expiry", fields=("expires_at",)),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
