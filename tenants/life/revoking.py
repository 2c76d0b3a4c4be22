"""End everybody's access in a tenant, in the transaction that changes its state."""

import logging

from django.conf import settings
from django.db import Error, transaction
from django.utils.module_loading import import_string

from tenants import roles
from tenants.context import TenantInfo, as_owner, use

logger = logging.getLogger(__name__)


def end_sessions(tenant: TenantInfo) -> bool:
    """End all sessions of the tenant's people by TENANT_SESSIONS_END.

    In the caller's transaction on the control plane, since a tenant that is being
    deleted must not have one left, and as the owner, whom no state keeps out.
    False where the tables did not allow it; a tenant without a schema has none.
    """
    if not roles.is_there(tenant):
        return True
    end = import_string(settings.TENANT_SESSIONS_END)
    try:
        with use(as_owner(tenant), same_transaction=True), transaction.atomic():
            end()
    except Error:
        logger.exception("sessions.not_ended", extra={"for": str(tenant.uuid)})
        return False
    return True
