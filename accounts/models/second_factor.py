"""What a person holds beside the password: an authenticator, and saved codes."""

from django.conf import settings
from django.db import models

from kernel import clock


class MfaDevice(models.Model):
    """An authenticator of a person; its secret is encrypted for this tenant."""

    class Kind(models.TextChoices):
        TOTP = "totp"
        WEBAUTHN = "webauthn"  # reserved for passkeys

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mfa_devices"
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TOTP)
    name = models.CharField(max_length=80, blank=True)
    secret = models.BinaryField()
    #: The last time step that was used; a code counts once.
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    confirmed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class RecoveryCode(models.Model):
    """One saved code of a set; used once, replaced as a set."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="recovery_codes",
    )
    code_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="recovery_code_once", fields=("user", "code_hash")
            ),
        )

    def __str__(self) -> str:
        return f"recovery code {self.pk}"
