"""What goes along when a tenant is exported or copied; in TENANT_EXPORT_POLICIES."""

from typing import Final

from tenants.portability import masks
from tenants.portability.policies import Policies, data

POLICIES: Final = Policies(
    {
        "leave.LeaveRequest": data(
            masks={"reason": masks.numbered("Reason"), "history": masks.nothing}
        )
    }
)
