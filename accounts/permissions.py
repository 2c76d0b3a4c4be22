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
}
OWNER = ADMIN | {"tenant.manage"}

ALL_PERMISSIONS = OWNER
ROLE_PERMISSIONS = MappingProxyType({"owner": OWNER, "admin": ADMIN, "member": MEMBER})
#: The roles from the least to the most.
ROLES = ("member", "admin", "owner")

#: What a service account may be given, each with Django's permission that stands for
#: it. Nothing else is ever its own: roles, tokens and owners need a person.
SERVICE_PERMISSIONS = MappingProxyType(
    {
        "users.view": "accounts.view_user",
        "users.create": "accounts.add_user",
        "users.manage": "accounts.change_user",
        "invitations.manage": "accounts.add_invitation",
        "branding.manage": "accounts.change_tenantbranding",
        "workflow.can_instantiate": "workflow.can_instantiate",
        "workflow.can_browse": "workflow.can_browse",
        "workflow.can_view_others_work": "workflow.can_view_others_work",
        "workflow.can_reassign": "workflow.can_reassign",
        "workflow.can_manage_instances": "workflow.can_manage_instances",
        "workflow.can_resolve_incidents": "workflow.can_resolve_incidents",
        "workflow.can_view_audit": "workflow.can_view_audit",
        "workflow.can_export": "workflow.can_export",
    }
)

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
