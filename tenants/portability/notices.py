"""Tell a tenant's owners that it is to be deleted, and how to keep it."""

import logging

from django.conf import settings
from django.db import Error, transaction
from django.utils.module_loading import import_string

from tenants import owners, roles
from tenants.context import as_owner, use
from tenants.life import calling_off
from tenants.models import Tenant

logger = logging.getLogger(__name__)


def addresses_of(tenant: Tenant) -> list[str]:
    """Return whom to tell: to be asked while there is a schema, whatever its state.

    A tenant without a schema, and one whose tables cannot be read, tells nobody; from
    a shadow nothing goes out.
    """
    info = tenant.info()
    if info.is_shadow or not roles.has_schema(info):
        return []
    try:
        with use(as_owner(info)), transaction.atomic():
            return owners.addresses()
    except Error:
        logger.exception("owners.unknown", extra={"for": str(info.uuid)})
        return []


def mail_deletion(row: Tenant, *, to: list[str]) -> None:
    """Put the mail with the way back into the control plane's outbox.

    The tenant's own is closed with it. In the transaction that closes the tenant, so
    that there is no closed one whose owners do not know.
    """
    if not to:
        return
    import_string(settings.TENANT_MAIL_SENDER)(
        "tenants/deletion_asked",
        to=to,
        context={"name": row.name, "at": row.purge_after, "zone": row.timezone},
        # Whoever has the address can keep the workspace.
        secret_context={"url": calling_off.cancel_link(row)},
        language=row.locale,
        expires_at=row.purge_after,
        related=f"tenant:{row.uuid}",
    )
