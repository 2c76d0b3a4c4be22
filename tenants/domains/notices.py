"""Tell a tenant's owners that one of their names leads nowhere any more."""

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from tenants import hosts, owners, states
from tenants.context import use
from tenants.domains.records import record_name, record_value
from tenants.models import Domain


def mail_lapse(row: Domain) -> bool:
    """Mail the owners, once for each lapse; tell whether that is done.

    A tenant that is stopped has its mail when it works again.
    """
    tenant = row.tenant.info()
    if not states.is_served(tenant.state):
        return False
    context = words(row)
    key = f"domain-lapsed-{row.pk}-{row.lapsed_at:%Y%m%d%H%M%S}"
    with use(tenant), transaction.atomic():
        to = owners.addresses()
        if to:
            import_string(settings.TENANT_MAIL_SENDER)(
                "tenants/domain_lapsed", to=to, context=context, idempotency_key=key
            )
    return True


def words(row: Domain) -> dict[str, str]:
    """Return what the mail says; its link never leads to the name that lapsed."""
    return {
        "domain": row.domain,
        "record": record_name(row.domain),
        "value": record_value(row.verification_token),
        "url": f"{hosts.origin(hosts.platform_domain(row.tenant.slug))}/",
    }
