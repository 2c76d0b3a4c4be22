"""Somebody who wants a workspace and has not proved the address yet."""

import uuid

from django.db import models

from kernel import clock
from tenants.models.provisioning import ProvisioningRun


class SignupRequest(models.Model):
    """A form that was sent: nothing is reserved before its code has come back.

    Code and secret are stored as hashes only; rows go after thirty days.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=80)
    slug = models.CharField(max_length=32)
    locale = models.CharField(max_length=16, default="en")
    secret_hash = models.BinaryField(max_length=32)
    code_salt = models.BinaryField(max_length=16)
    code_hash = models.BinaryField(max_length=32)
    attempts_left = models.PositiveSmallIntegerField(default=3)
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey(
        ProvisioningRun, models.SET_NULL, null=True, blank=True, related_name="signups"
    )
    client_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.slug} ({self.created_at:%Y-%m-%d})"
