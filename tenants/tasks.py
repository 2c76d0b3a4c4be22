"""The control plane's tasks: each calls one function and may run twice."""

from uuid import UUID

from django.conf import settings

from tenants import domains, finder, fleet, provisioning, scheduler
from tenants.celery import control_task
from tenants.scheduling import wake_ups
from tenants.scheduling.wake_ups import Taken
from tenants.watching import surveying


@control_task("tenants.tick")
def tick() -> None:
    """Wake the tenants that have due work."""
    scheduler.tick()


@control_task("tenants.run_wake_ups")
def run_wake_ups(batch: list[tuple[str, int]]) -> None:
    """Run the tenants whose wake-ups a tick has taken."""
    scheduler.run_batch(Taken(UUID(tenant), run_no) for tenant, run_no in batch)


@control_task("tenants.run_now")
def run_now(tenant: str) -> None:
    """Run one tenant that has just armed, unless somebody else is at it."""
    scheduler.run_batch(wake_ups.take(1, only=[UUID(tenant)]))


@control_task("tenants.run_control")
def run_control() -> None:
    """Run the control plane's own due work."""
    scheduler.run_control()


@control_task("tenants.provision")
def provision(run_id: str) -> None:
    """Go on with a provisioning run."""
    provisioning.drive(UUID(run_id))


@control_task("tenants.warm")
def warm() -> None:
    """See that schemas wait for the next tenants."""
    fleet.fill_pool(settings.TENANT_WARM_TARGET)


@control_task("tenants.survey")
def survey() -> None:
    """Look at all tenants for the operators' list."""
    surveying.survey()


@control_task("tenants.mail_workspaces")
def mail_workspaces(email: str, language: str) -> None:
    """Mail the list of an address's workspaces."""
    finder.mail_workspaces(email, language)


@control_task("tenants.check_domains")
def check_domains() -> None:
    """Look at the customers' names whose time has come."""
    domains.recheck_due()
