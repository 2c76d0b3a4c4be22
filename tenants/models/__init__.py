"""The tables of the control plane, all in the public schema."""

from tenants.models.domain import Domain
from tenants.models.tenant import Tenant

__all__ = ["Domain", "Tenant"]
