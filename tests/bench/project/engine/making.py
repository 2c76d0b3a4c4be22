from collections.abc import Sequence

from engine.processes import PUSHED, THREE
from steps.client import names

from accounts.people import create_person
from tenants.context import use
from tenants.fleet import migrate_control
from tenants.provisioning import provision
from workflow.publishing import install_process


def make(sites: Sequence[str]) -> None:
    """Make a tenant by the real provisioning, its people and its processes."""
    migrate_control()
    for site in sites:
        tenant = provision(slug=site, name=site, owner_email=f"owner@{site}.test")
        with use(tenant):
            for name in names():
                create_person(username=name, email=f"{name}@{site}.test")
            install_process(THREE)
            install_process(PUSHED)
