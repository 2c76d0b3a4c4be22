"""The operators' console: tenants, the fleet and plans."""

from . import plans, tenants

__all__ = ["plans", "tenants"]
