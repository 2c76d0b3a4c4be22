"""Who is in the demo, as data."""

from dataclasses import dataclass
from typing import Final

from leave.processes import EMPLOYEES, HR, MANAGERS

PASSWORD: Final = "open"  # noqa: S105 - the demo's, printed for everybody to see
ADMIN: Final = "admin"
OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """A tenant of the demo and how it looks."""

    slug: str
    name: str
    accent: str
    sender_name: str
    footer: str

    @property
    def key(self) -> str:
        """The order of this tenant; the same order makes nothing a second time."""
        return f"demo-{self.slug}"

    def address(self, username: str) -> str:
        """Return the mail address of one of its people."""
        return f"{username}@{self.slug}.test"


TENANTS: Final = (
    DemoTenant("acme", "Acme", "#0f766e", "Acme", "Acme, 1 Canyon Road"),
    DemoTenant(
        "globex", "Globex", "#6d28d9", "Globex People", "Globex, 7 Cypress Creek"
    ),
)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One of the people of each tenant."""

    username: str
    groups: tuple[str, ...]


#: In the order of their numbers; the admin is there before them, as number 1.
PEOPLE: Final = (
    DemoPerson("alice", (EMPLOYEES,)),
    DemoPerson("bob", (EMPLOYEES, MANAGERS)),
    DemoPerson("carol", (EMPLOYEES, HR)),
)
