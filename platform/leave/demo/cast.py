"""Who is in the demo, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
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
    #: Values of the branding, judged as those that a person types.
    branding: Mapping[str, str]
    #: The others have the mark that is made of the initial.
    has_logo: bool = False

    @property
    def key(self) -> str:
        """The order of this tenant; the same order makes nothing a second time."""
        return f"demo-{self.slug}"

    def address(self, username: str) -> str:
        """Return the mail address of one of its people."""
        return f"{username}@{self.slug}.test"


TENANTS: Final = (
    DemoTenant(
        "acme",
        "Acme",
        MappingProxyType(
            {
                "accent": "#0f766e",
                "sender_name": "Acme",
                "footer": "Acme, 1 Canyon Road",
            }
        ),
        has_logo=True,
    ),
    DemoTenant(
        "globex",
        "Globex",
        MappingProxyType(
            {
                "accent": "#6d28d9",
                "primary": "#5b21b6",
                "background": "#fbfaff",
                "text": "#1e1b2e",
                "sender_name": "Globex People",
                "footer": "Globex, 7 Cypress Creek",
            }
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One of the people of each tenant."""

    username: str
    groups: tuple[str, ...]
    role: str = "member"


#: In the order of their numbers; the admin is there before them, as number 1.
PEOPLE: Final = (
    DemoPerson("alice", (EMPLOYEES,)),
    DemoPerson("bob", (EMPLOYEES, MANAGERS)),
    DemoPerson("carol", (EMPLOYEES, HR), role="admin"),
)
