"""The outbox of mail: one row a message, written with the change it belongs to."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kernel import clock

#: A message being sent holds a lease in `due_at`, so a dead worker's is found again.
PENDING = ("queued", "deferred", "sending")
#: The category of rows that are written where nobody gets a mail.
DECOY = "none"
#: How long a worker that took a message may be silent, until another one takes it.
LEASE = timedelta(minutes=5)


class MailMessageQuerySet(models.QuerySet["MailMessage"]):
    def due(self, *, at: datetime) -> "MailMessageQuerySet":
        """Return what a worker should take now, the oldest first."""
        return self.filter(state__in=PENDING, due_at__lte=at).order_by("due_at", "id")

    def shown(self) -> "MailMessageQuerySet":
        """Return what people may be told of: decoys are rows that no mail comes of."""
        return self.exclude(category=DECOY)

    def ended(self) -> "MailMessageQuerySet":
        """Return what has left or died."""
        return self.exclude(state__in=PENDING)

    def keeping_bodies(self) -> "MailMessageQuerySet":
        """Return what has left or died, with a body that is still there."""
        return self.ended().filter(redacted_at__isnull=True)


class MailMessage(models.Model):
    """A mail on its way; its secrets are encrypted, and wiped in every end state."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        DEFERRED = "deferred"
        SENT = "sent"
        FAILED = "failed"
        EXPIRED = "expired"
        SUPPRESSED = "suppressed"

    #: The allowed moves between the states.
    MOVES = {
        State.QUEUED: {State.SENDING},
        State.DEFERRED: {State.SENDING},
        State.SENDING: {
            State.SENDING,
            State.SENT,
            State.DEFERRED,
            State.FAILED,
            State.EXPIRED,
            State.SUPPRESSED,
        },
        State.SENT: set(),
        State.FAILED: set(),
        State.EXPIRED: set(),
        State.SUPPRESSED: set(),
    }

    template = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=12, blank=True)
    category = models.CharField(max_length=50, blank=True)
    to = ArrayField(models.TextField(), default=list)
    cc = ArrayField(models.TextField(), default=list)
    bcc = ArrayField(models.TextField(), default=list)
    dropped = ArrayField(models.TextField(), default=list)
    reply_to = ArrayField(models.TextField(), default=list)
    from_name = models.CharField(max_length=100, blank=True)
    subject = models.TextField(blank=True)
    context = models.JSONField(default=dict)
    secret_context = models.BinaryField(null=True)
    is_secret = models.BooleanField(default=False)
    html = models.TextField(blank=True)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    provider = models.CharField(max_length=20, blank=True)
    provider_message_id = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique where set
    related = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True)
    redacted_at = models.DateTimeField(null=True)

    objects = MailMessageQuerySet.as_manager()

    class Meta:
        verbose_name = "mail"
        verbose_name_plural = "mails"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                name="mail_idempotency_key_once",
                fields=("idempotency_key",),
                condition=Q(idempotency_key__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="mail_due",
                fields=("due_at", "id"),
                condition=Q(state__in=PENDING),
            ),
        )

    def __str__(self) -> str:
        return f"{self.category or self.template} {self.pk}"
