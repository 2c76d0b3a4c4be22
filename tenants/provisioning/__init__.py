"""From an order to a ready tenant: steps that are recorded, resumed and undone.

provision(slug=..., name=..., owner_email=...)   # all of it, now
begin(...)                                       # reserve now, the rest by a worker
"""

from tenants.provisioning.order import Order, ProvisioningRequest
from tenants.provisioning.saga import begin, drive, provision, resume_due

__all__ = [
    "Order",
    "ProvisioningRequest",
    "begin",
    "drive",
    "provision",
    "resume_due",
]
