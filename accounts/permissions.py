"""Which role holds which permission, as data; what is not listed is refused."""

from types import MappingProxyType

MEMBER = frozenset(
    {
        "tokens.manage_own",
        "sessions.manage_own",
        "mfa.manage_own",
        # Django's permission: whoever works here may start processes.
        "workflow.can_instantiate",
    }
)
ADMIN = MEMBER | {
    "branding.manage",
    "events.view",
    "invitations.manage",
    "mail.view",
    "roles.assign",
    "tokens.manage_all",
    "users.create",
    "users.manage",
    "users.view",
    "workflow.manage",
}
OWNER = ADMIN | {"tenant.manage"}

ALL_PERMISSIONS = OWNER
ROLE_PERMISSIONS = MappingProxyType({"owner": OWNER, "admin": ADMIN, "member": MEMBER})
#: The roles from the least to the most.
ROLES = ("member", "admin", "owner")

#: The groups that mirror a role; written together with the role and nowhere else.
ROLE_GROUPS = MappingProxyType(
    {
        "owner": ("Owner", "User Manager"),
        "admin": ("User Manager",),
        "member": (),
    }
)
RESERVED_GROUPS = frozenset({"Owner", "User Manager", "Superuser"})


def rank(role: str) -> int:
    """Return how high a role stands, to compare two."""
    return ROLES.index(role)
