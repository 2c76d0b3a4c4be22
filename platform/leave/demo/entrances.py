"""How each tenant of the demo looks, and who else may come in: a guest, a program."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from accounts import api_tokens, invitations, service_accounts
from accounts.branding import changing
from accounts.models import SecurityEvent, User
from kernel import clock
from leave.demo.cast import DemoTenant
from leave.demo.logo import VARIANTS, drawn

VIA: Final = SecurityEvent.Via.SYSTEM
GUEST: Final = "newcomer"
PROGRAM: Final = "Payroll"
SCOPES: Final = ("profile:read", "users:read")
NEEDED: Final = ("users.view",)


def open_all(demo: DemoTenant, *, by: User) -> None:
    """Give the tenant its look, an invitation that waits, and a program with a token.

    They were given some days ago, so that the pages have a past to show.
    """
    with clock.frozen(clock.now() - timedelta(days=2)):
        paint(demo, by=by)
        register_program(by=by)
        invitations.invite(
            email=demo.address(GUEST), role=User.Role.MEMBER, by=by, via=VIA
        )


def paint(demo: DemoTenant, *, by: User) -> None:
    """Set the branding by the same rules as the page."""
    changing.change(demo.branding, by=by, via=VIA)
    for variant in VARIANTS if demo.has_logo else ():
        picture = drawn(demo.name, demo.branding["accent"], variant)
        changing.set_logo(picture, variant=variant, by=by, via=VIA)


def register_program(
    *, by: User, name: str = PROGRAM, scopes: Iterable[str] = SCOPES
) -> None:
    """Make a service account with one API token, whose text nobody ever sees."""
    program = service_accounts.create(name=name, permissions=NEEDED, by=by)
    api_tokens.create(owner=program, name="Monthly run", scopes_named=scopes, by=by)
