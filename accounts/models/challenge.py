"""Codes and tickets that somebody must present, and the decoys among them."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from kernel import clock

OPEN = Q(consumed_at__isnull=True, superseded_at__isnull=True)

#: The longest life of each purpose; the database refuses more.
LONGEST = {
    "register": timedelta(hours=24),
    "reset": timedelta(minutes=10),
    "email_change": timedelta(minutes=10),
    "reply_to": timedelta(minutes=10),
    "reset_ticket": timedelta(minutes=10),
    "mfa_ticket": timedelta(minutes=10),
    "setup": timedelta(days=7),
}


class ChallengeQuerySet(models.QuerySet["Challenge"]):
    def open(self, *, at: datetime) -> "ChallengeQuerySet":
        """Return what is neither used, replaced nor expired at the instant."""
        return self.filter(OPEN, expires_at__gte=at)


class Challenge(models.Model):
    """A code that was mailed, or a single-use secret; only hashes are kept."""

    class Purpose(models.TextChoices):
        REGISTER = "register"
        RESET = "reset"
        EMAIL_CHANGE = "email_change"
        REPLY_TO = "reply_to"
        SETUP = "setup"
        RESET_TICKET = "reset_ticket"
        MFA_TICKET = "mfa_ticket"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=16, choices=Purpose)
    #: Empty for a decoy: nobody owns the address, so no code fits.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="challenges",
    )
    email_norm = models.CharField(max_length=254)
    flow_hash = models.BinaryField(max_length=32, null=True)
    salt = models.BinaryField(max_length=16, default=bytes)
    code_hash = models.BinaryField(max_length=32, null=True)
    secret_hash = models.BinaryField(max_length=32, null=True)
    payload = models.JSONField(default=dict)
    attempts_left = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    client_prefix = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=12, blank=True)

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="challenge_code_or_secret",
                condition=Q(code_hash__isnull=False, secret_hash__isnull=True)
                | Q(code_hash__isnull=True, secret_hash__isnull=False),
            ),
            models.CheckConstraint(
                name="challenge_attempts_in_range",
                condition=Q(attempts_left__gte=0, attempts_left__lte=10),
            ),
            *(
                models.CheckConstraint(
                    name=f"challenge_{purpose}_life",
                    condition=~Q(purpose=purpose)
                    | Q(expires_at__lte=F("created_at") + longest),
                )
                for purpose, longest in LONGEST.items()
            ),
            models.UniqueConstraint(
                name="challenge_one_open_per_flow",
                fields=("email_norm", "purpose", "flow_hash"),
                condition=OPEN,
            ),
            models.UniqueConstraint(
                name="challenge_secret_once",
                fields=("secret_hash",),
                condition=Q(secret_hash__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="challenge_open_by_address",
                fields=("email_norm", "purpose"),
                condition=OPEN,
            ),
            models.Index(name="challenge_by_expiry", fields=("expires_at",)),
            models.Index(name="challenge_by_flow", fields=("flow_hash",)),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
