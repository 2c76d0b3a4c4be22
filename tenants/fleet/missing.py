"""A schema, a role or rights that are lost, made again: not those of who is leaving."""

from django.db import transaction

from tenants import roles, states
from tenants.context import TenantInfo, use_control
from tenants.models import ProvisioningRun, Tenant


class Leaving(Exception):
    """The tenant was archived or purged meanwhile, or is being purged."""


def is_there(tenant: TenantInfo) -> bool:
    """Tell whether a tenant has a schema, and is to keep it."""
    with use_control():
        row = Tenant.objects.filter(uuid=tenant.uuid).first()
        return row is not None and stays(row)


def stays(row: Tenant) -> bool:
    purges = ProvisioningRun.objects.filter(
        tenant_uuid=row.uuid,
        kind=ProvisioningRun.Kind.PURGE,
        state__in=ProvisioningRun.OPEN,
    )
    return row.state in states.WITH_SCHEMA and not purges.exists()


def make_again(tenant: TenantInfo) -> None:
    """Make the schema, the role and its rights as they should be.

    Who leaves waits for this, and takes it away again. Raises Leaving where a tenant
    has left: nobody would ever drop what is made then.
    """
    with use_control(), transaction.atomic():
        row = Tenant.objects.select_for_update().filter(uuid=tenant.uuid).first()
        if row is None or not stays(row) or row.schema_name != tenant.schema_name:
            raise Leaving(tenant.slug)
        roles.ensure(row.info())  # as its state says by now
