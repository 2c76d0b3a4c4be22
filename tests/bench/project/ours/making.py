from collections.abc import Sequence

from desk import rows

from tenants.context import use
from tenants.fleet import migrate_control
from tenants.provisioning import provision


def make(sites: Sequence[str]) -> None:
    """Make the control plane and one tenant a site, by the real provisioning."""
    migrate_control()
    for site in sites:
        tenant = provision(slug=site, name=site, owner_email=f"owner@{site}.test")
        with use(tenant):
            rows.fill(site)
