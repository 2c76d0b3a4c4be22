"""A host name that leads to a tenant."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin

from kernel import clock
from tenants import directory
from tenants.models.tenant import Tenant


class Domain(DomainMixin):
    """A host name in canonical form. One verified domain of a tenant is primary.

    A name is verified for one tenant; who only claims it stands in nobody's way.
    """

    class Kind(models.TextChoices):
        PLATFORM = "platform", _("Subdomain of the platform")
        CUSTOM = "custom", _("The customer's own")

    id = models.BigAutoField(primary_key=True)
    domain = models.CharField(max_length=253, db_index=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="domains")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.PLATFORM)
    claimed_at = models.DateTimeField(default=clock.now, editable=False)
    #: What the owner puts into the name's TXT record.
    verification_token = models.CharField(max_length=64, blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True)
    check_due = models.DateTimeField(null=True, blank=True, db_index=True)
    last_checked_at = models.DateTimeField(null=True, blank=True)
    failed_checks = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    #: The name stopped leading here; it is nobody's until others may have it.
    lapsed_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["domain"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(is_primary=True), name="domain_primary"
            ),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(verified_at__isnull=False),
                name="domain_primary_verified",
            ),
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(verified_at__isnull=False),
                name="domain_verified_once",
            ),
            models.UniqueConstraint(
                fields=["domain", "tenant"], name="domain_claimed_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.domain)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.verified_at is None:
            # Where there is no primary domain, the mixin would make one of a claim.
            super(DomainMixin, self).save(*args, **kwargs)
        else:
            super().save(*args, **kwargs)
        directory.forget_after_commit(self.tenant.uuid, self.domain)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        gone: tuple[int, dict[str, int]] = super().delete(*args, **kwargs)
        directory.forget_after_commit(self.tenant.uuid, self.domain)
        return gone
