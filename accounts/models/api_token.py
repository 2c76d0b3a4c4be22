"""Credentials of programs: a secret with scopes and an end, kept as a hash."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models.user import User
from kernel import clock

LONGEST_LIFE = timedelta(days=366)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> "ApiTokenQuerySet":
        """Return the user's own tokens, or all where all of them are the user's care.

        A row never holds a secret.
        """
        return self if user.may("tokens.manage_all") else self.filter(user=user)

    def working(self, *, at: datetime) -> "ApiTokenQuerySet":
        """Return the tokens that are neither revoked nor past their end."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)


class ApiToken(models.Model):
    """A token of a person or of a service account; its secret was shown once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    name = models.CharField(max_length=100)
    #: The readable part that finds the row; the secret is known by its hash only.
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_prefix = models.CharField(max_length=64, blank=True)
    #: The token that follows this one; until `expires_at` both work.
    rotated_to = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    #: The fewest days before its end that its owner was told of by mail.
    warned_days = models.PositiveSmallIntegerField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="api_token_ends",
                condition=Q(expires_at__lte=F("created_at") + LONGEST_LIFE),
            ),
        )
        indexes = (
            models.Index(
                name="api_token_open_by_end",
                fields=("expires_at",),
                condition=Q(revoked_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}"

    @property
    def state(self) -> str:
        """`active`, `rotating` until the successor is alone, `revoked` or `expired`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= clock.now():
            return "expired"
        return "active" if self.rotated_to_id is None else "rotating"

    @property
    def is_working(self) -> bool:
        return self.state in {"active", "rotating"}
