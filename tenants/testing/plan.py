"""What the kit has to be told of a product: one `Plan`, written once.

The fixture `isolation_plan` of the project's conftest.py returns it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tenants.context import TenantInfo
from tenants.testing.credentials import Kind, Visit
from tenants.testing.doors import Door, Site
from tenants.testing.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Open:
    """A door that strangers may use: what it answers them, and why it is open.

    `writes` are the tables that its use changes for anybody, at the tenant it belongs
    to; what somebody holds of another tenant must not make a difference.
    """

    statuses: frozenset[int]
    reason: str
    writes: frozenset[str] = frozenset()


def opened(*statuses: int, reason: str, writes: str = "") -> Open:
    """Return the entry of an open door: `opened(200, 422, reason="the form")`."""
    return Open(frozenset(statuses), reason, frozenset(writes.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A product, as the kit sees it."""

    #: Returns the two tenants, provisioned and peopled alike.
    pair: Callable[[], tuple[TenantInfo, TenantInfo]]
    #: Makes rows in the entered tenant: at least one of every table with texts.
    tell: Callable[[], None]
    #: Columns that hold no marker, as `app.Model.field` patterns, each with a reason.
    kept: Mapping[str, str]
    sites: tuple[Site, ...]
    #: The public site's host.
    public_host: str
    #: Gives what stands in a path for a parameter.
    in_path: Callable[[str, Door], object]
    #: Where somebody without a session is led to, as regular expressions.
    entrances: tuple[str, ...]
    #: Signs somebody in at a host and returns the cookies, for kinds of members.
    sign_in: Callable[[Visit, str], Mapping[str, str]]
    #: Open doors, by name for operations and by route for pages.
    open_doors: Mapping[str, Open]
    kinds: tuple[Kind, ...]
    inventory: Inventory
    #: The dotted name of the Celery app.
    celery_app: str
    #: Cookies that open nothing, each with a reason.
    cookies: Mapping[str, str] = field(default_factory=dict)
    #: What a form is filled with beside the credential.
    filling: Mapping[str, str] = field(default_factory=dict)
    #: Where entries are written, for the messages.
    written_in: str = "the isolation plan"

    def kind(self, name: str) -> Kind:
        return next(kind for kind in self.kinds if kind.name == name)

    def known_cookies(self) -> set[str]:
        return {*self.cookies, *(name for kind in self.kinds for name in kind.cookies)}

    def entry(self, door: Door) -> Open | None:
        """Return what is written of a door, if it is open."""
        return self.open_doors.get(door.name) or self.open_doors.get(door.route)
