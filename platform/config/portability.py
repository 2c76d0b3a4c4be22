"""What goes along of Django's own tables when a tenant is exported or moved."""

from typing import Final

from tenants.portability import masks
from tenants.portability.policies import EPHEMERAL, Policies, data

POLICIES: Final = Policies(
    {
        "contenttypes.ContentType": data(),
        "auth.Permission": data(),
        "auth.Group": data(),
        "admin.LogEntry": data(
            masks={
                "object_repr": masks.numbered("Entry"),
                "change_message": masks.nothing,
            }
        ),
        "sessions.Session": EPHEMERAL,
    }
)
