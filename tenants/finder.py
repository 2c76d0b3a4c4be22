"""Find the workspaces of somebody who has forgotten their address."""

import logging
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.module_loading import import_string

from tenants import hosts, limits, lookup, orders
from tenants.carrying import broker
from tenants.context import TenantInfo, use, use_control
from tenants.life.conduct import OVERLAID
from tenants.models import Tenant

logger = logging.getLogger(__name__)

HOUR: Final = timedelta(hours=1)
PER_ADDRESS: Final = 3
PER_CLIENT: Final = 20


def ask(*, email: str, client: str, language: str) -> None:
    """Have the list mailed; the answer and the work are the same for every address.

    Raises EmailInvalid or TooManySignups.
    """
    from tenants import tasks

    email = orders.check_email(email)
    limits.spend("find.client", client, limit=PER_CLIENT, within=HOUR)
    limits.spend("find.address", email, limit=PER_ADDRESS, within=HOUR)
    if not broker.by_worker(tasks.mail_workspaces, email, language):
        mail_workspaces(email, language)


@use_control()
def mail_workspaces(email: str, language: str) -> None:
    """Mail the list of an address's workspaces, also where it is empty."""
    workspaces = [
        {"name": tenant.name, "url": hosts.absolute_url("/", tenant=tenant)}
        for tenant in workspaces_of(email)
    ]
    import_string(settings.TENANT_MAIL_SENDER)(
        "tenants/workspaces",
        to=email,
        context={"workspaces": workspaces, "count": len(workspaces)},
        language=language,
    )


def workspaces_of(email: str) -> list[TenantInfo]:
    """Return the tenants in which an active account has this address."""
    open_ones = Tenant.objects.filter(
        state__in=OVERLAID, migration_hold=False, shadow_of__isnull=True
    )
    return [
        tenant
        for tenant in lookup.infos(open_ones.order_by("name"))
        if has_account(tenant, email)
    ]


def has_account(tenant: TenantInfo, email: str) -> bool:
    accounts: Any = get_user_model()
    with use(tenant):
        return bool(
            accounts.objects.filter(email__iexact=email, is_active=True).exists()
        )
