"""Where a step can be, and what the database must say there."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.apps import apps
from django.db import connections

from tenants.context import CONTROL, Control, TenantInfo, as_owner, use, use_control

Context = TenantInfo | Control | None
Seen = tuple[Any, ...]

#: The answer to: in which schema, as whom, and for which tenant did this run?
PROBE: Final = "SELECT current_schema(), current_user, current_setting('app.tenant')"
#: What scratch rows begin with; the uuid of the tenant that wrote them follows.
SCRATCH: Final = "interleaved"


@dataclass(frozen=True)
class World:
    """What the steps of a run work on."""

    places: tuple[TenantInfo | Control, ...]
    aliases: tuple[str, ...]
    login: str

    def answer(self, context: TenantInfo | Control) -> Seen:
        """Return what PROBE must answer in a context."""
        is_login = context.db_role == CONTROL.db_role
        role = self.login if is_login else context.db_role
        return context.schema_name, role, str(context.uuid)

    def place(self, number: int) -> TenantInfo | Control:
        return self.places[number % len(self.places)]

    def served(self, number: int) -> TenantInfo | Control:
        """Return a place as the look-up finds it: no owner, no other generation."""
        place = self.place(number)
        return next(each for each in self.places if each.uuid == place.uuid)

    def guise(self, context: TenantInfo | Control) -> TenantInfo | Control:
        """Return the same tenant as somebody else: as its owner, or as usual again."""
        same = [place for place in self.places if place.uuid == context.uuid]
        return next((place for place in same if place != context), context)

    def foreign_table(self, context: TenantInfo) -> str:
        """Return a table that the tenant must not read: another's, by its full name."""
        other = next(
            place
            for place in self.places
            if place.uuid not in {context.uuid, CONTROL.uuid}
        )
        return f'"{other.schema_name}".auth_group'

    def meddling(self) -> list[str]:
        """Return statements that change schema or role behind the backend's back."""
        other = self.places[1]
        return [
            "RESET ROLE",
            "RESET ALL",
            "SET search_path TO public",
            f'SET search_path TO "{other.schema_name}"',
            f"SET ROLE {other.db_role}",
            f"set local role {other.db_role}",
            "RESET search_path",
        ]

    @property
    def groups(self) -> Any:
        """Return a model that both planes have, for scratch rows."""
        return apps.get_model("auth", "Group")


def sweep(world: World) -> None:
    """Remove all scratch rows, wherever they are."""
    for context in {place.uuid: place for place in world.places}.values():
        entered = use_control() if isinstance(context, Control) else use(context)
        with entered:
            rows = world.groups.objects.filter(name__startswith=SCRATCH)
            rows._raw_delete("default")  # noqa: SLF001 - one statement, no cascade


def world(tenants: Sequence[TenantInfo], aliases: Sequence[str]) -> World:
    """Return the places of a run: tenants, the same as owner and renewed, control."""
    owners = [as_owner(tenant) for tenant in tenants]
    renewed = [
        replace(tenant, generation=tenant.generation + 1) for tenant in tenants[-1:]
    ]
    # Each tenant twice, so that most steps are ordinary ones.
    places: tuple[TenantInfo | Control, ...] = (
        *tenants,
        *tenants,
        CONTROL,
        *owners,
        *renewed,
    )
    login = str(connections["default"].settings_dict["USER"])
    return World(places, tuple(aliases), login)


@dataclass
class Log:
    """What came of the steps: how many compared, and what was not as foreseen."""

    compared: int = 0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        with self.lock:
            self.compared += 1

    def fault(self, text: str) -> None:
        with self.lock:
            self.faults.append(text)
