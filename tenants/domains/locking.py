"""The rows that an act is about, locked.

Every act locks all its rows at once, in the order of their keys, so that no two acts
wait for each other.
"""

from django.db.models import QuerySet

from tenants.errors import MoveRefused
from tenants.models import Domain, Tenant
from tenants.states import State

#: A tenant in these states gets no names any more.
ENDED = frozenset({State.DELETING, State.PURGED, State.FAILED})


def lock(rows: QuerySet[Domain]) -> list[Domain]:
    """Return the rows, locked until the transaction ends."""
    return list(
        rows.select_related("tenant").select_for_update(of=("self",)).order_by("pk")
    )


def of_name(name: str) -> QuerySet[Domain]:
    """Return what there is about a name, of any tenant."""
    rows: QuerySet[Domain] = Domain.objects.filter(domain=name)
    return rows


def of_tenant(tenant: Tenant) -> QuerySet[Domain]:
    """Return all rows of a tenant."""
    rows: QuerySet[Domain] = Domain.objects.filter(tenant=tenant)
    return rows


def may_have_names(tenant: Tenant) -> None:
    """Raise MoveRefused for a tenant that has ended, or was restored beside another."""
    if State(tenant.state) in ENDED or tenant.shadow_of_id is not None:
        raise MoveRefused(
            f"{tenant} is {tenant.state} or a shadow, and gets no domain."
        )
