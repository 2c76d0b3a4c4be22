"""What a tenant's plan brings with it, by name.

    features.enabled("reports")
    features.value("history_days", default=30)

It comes with TenantInfo, so it costs no statement and a change is in force as soon as
the tenant is looked up again: within a second.
"""

import json
from typing import Any

from tenants.context import current_tenant


def enabled(code: str) -> bool:
    """Tell whether the entered tenant has a feature; false, 0 and nothing are no.

    Raises NoTenantError without a tenant.
    """
    return bool(value(code))


def value(code: str, *, default: Any = None) -> Any:
    """Return what the plan, or the tenant's own row, says of a feature.

    Raises NoTenantError without a tenant.
    """
    for name, text in current_tenant().limits.features:
        if name == code:
            return json.loads(text)
    return default
