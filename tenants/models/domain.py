"""A host name that leads to a tenant."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin

from tenants.models.tenant import Tenant


class Domain(DomainMixin):
    """A host name in canonical form. One verified domain of a tenant is primary."""

    class Kind(models.TextChoices):
        PLATFORM = "platform", _("Subdomain of the platform")
        CUSTOM = "custom", _("The customer's own")

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="domains")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.PLATFORM)
    verified_at = models.DateTimeField(null=True, blank=True)

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
        ]

    def __str__(self) -> str:
        return str(self.domain)
