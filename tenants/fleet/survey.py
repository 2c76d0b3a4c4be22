"""Where the fleet stands: who is there, who has a way to go, and which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tenants import lookup, states
from tenants.context import TenantInfo, use_control
from tenants.errors import FleetAhead
from tenants.fleet import reading
from tenants.fleet.groups import Group, grouped
from tenants.fleet.ledger import State
from tenants.fleet.orders import Order
from tenants.fleet.reading import Standing
from tenants.fleet.targets import Target
from tenants.models import MigrationLedger, Tenant

#: How many are named where there are more.
NAMED: Final = 5


def with_schema() -> list[TenantInfo]:
    """Return every tenant with a schema, stopped ones last."""
    with use_control():
        there = Tenant.objects.filter(state__in=states.WITH_SCHEMA)
        tenants = lookup.infos(there)
    return sorted(tenants, key=lambda t: (not states.is_open(t.state), t.slug))


@dataclass(frozen=True, slots=True)
class Survey:
    """The tenants that have arrived, those beyond the code, and the groups."""

    current: tuple[Standing, ...]
    ahead: tuple[TenantInfo, ...]
    groups: tuple[Group, ...]

    @property
    def without_rights(self) -> list[TenantInfo]:
        return [one.tenant for one in self.current if not one.has_rights]

    def require_none_ahead(self) -> None:
        """Raise FleetAhead where a newer release has been, before it is held for it."""
        if self.ahead:
            slugs = ", ".join(sorted(one.slug for one in self.ahead)[:NAMED])
            raise FleetAhead(
                f"{len(self.ahead)} schemas are of a newer release: {slugs}."
            )

    @property
    def behind(self) -> int:
        return sum(len(group.members) for group in self.groups)


def survey(order: Order, target: Target) -> Survey:
    """Look at all schemas in bulk; nothing is entered and nothing is written."""
    tenants = wanted(order)
    found = reading.standings(tenants, target.relations)
    current = tuple(one for one in found if one.word == target.word)
    behind = [one for one in found if one.word != target.word]
    groups, arrived, ahead = grouped(behind, target, order)
    return Survey((*current, *arrived), tuple(ahead), tuple(groups))


def wanted(order: Order) -> Sequence[TenantInfo]:
    """Return whom a run is for."""
    tenants = with_schema()
    if order.only is not None:
        tenants = [one for one in tenants if one.uuid in order.only]
    if order.retry_failed:
        failed = last_state(State.FAILED)
        tenants = [one for one in tenants if one.uuid in failed]
    elif order.resume:
        failed = last_state(State.FAILED)
        tenants = [one for one in tenants if one.uuid not in failed]
    return tenants


def last_state(*wanted: State) -> set[UUID]:
    """Return the tenants whose newest entry is in such a state."""
    with use_control():
        newest: Any = MigrationLedger.objects.order_by("tenant_id", "-at", "-id")
        newest = newest.distinct("tenant_id").values_list("tenant__uuid", "state")
        return {uuid for uuid, state in newest if state in wanted}
