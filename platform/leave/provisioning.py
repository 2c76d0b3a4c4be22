"""What every new tenant gets of this app; named in TENANT_PROVISIONING_STEPS."""

from accounts.models import User
from accounts.roles import add_groups, ensure_groups
from leave.processes import GROUPS, HR, LEAVE
from tenants.provisioning import ProvisioningRequest
from workflow.publishing import install_process


def install(request: ProvisioningRequest) -> None:  # noqa: ARG001 - every step gets it
    """Make the groups and publish the process; a second call changes nothing.

    The owners join HR, so that the first request of a new tenant finds somebody.
    """
    ensure_groups(GROUPS)
    for owner in User.objects.filter(role=User.Role.OWNER):
        add_groups(owner, [HR])
    install_process(LEAVE)
