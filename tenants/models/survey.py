"""What was seen of a tenant's schema the last time somebody looked at all of them."""

from django.db import models

from tenants.models.tenant import Tenant


class Survey(models.Model):
    """Size, drift and last activity of one tenant, for lists; not the truth of now."""

    tenant = models.OneToOneField(
        Tenant, models.CASCADE, primary_key=True, related_name="survey"
    )
    table_bytes = models.BigIntegerField(default=0)
    #: How much differs from the template; None where there was none to compare with.
    differences = models.PositiveIntegerField(null=True, blank=True)
    last_activity_at = models.DateTimeField(null=True, blank=True)
    surveyed_at = models.DateTimeField()

    class Meta:
        ordering = ["tenant"]

    def __str__(self) -> str:
        return f"{self.tenant_id} at {self.surveyed_at:%Y-%m-%d %H:%M}"
