"""What an API token may be used for, as data; what is not listed opens nothing.

A scope never adds a right: a token does what its scopes name and its owner may do at
that moment. No scope covers tokens, passwords, second factors, roles, owners, what a
sign-in takes, who may register or whether mails leave; those need a person who has
signed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.errors import MissingFields, ScopeUnknown
from accounts.models import User


@dataclass(frozen=True)
class Scope:
    """One scope in plain words; without the permission it opens nothing."""

    name: str
    words: str | Promise
    #: What the owner needs as well; empty where the operations decide row by row.
    permission: str = ""
    #: Whether an operation asks for it yet; known all the same.
    is_in_use: bool = True


_ALL = (
    Scope("profile:read", _("See your name, address and roles")),
    Scope("processes:read", _("See processes, requests and their history")),
    Scope("workitems:read", _("See your work")),
    Scope("workitems:write", _("Take, complete and hand on work in your name")),
    Scope("instances:write", _("Start, correct and stop requests in your name")),
    Scope("users:read", _("See the people of this workspace"), "users.view"),
    Scope("users:write", _("Invite people and change their details"), "users.create"),
    Scope("branding:write", _("Change name, logo and colours"), "branding.manage"),
    Scope(
        "webhooks:manage",
        _("Manage webhooks"),
        "workflow.can_manage_webhooks",
        is_in_use=False,
    ),
)
SCOPES = MappingProxyType({scope.name: scope for scope in _ALL})


def checked(names: Iterable[str]) -> list[str]:
    """Return the named scopes once each, in their order.

    Raises MissingFields without any and ScopeUnknown for one that is not listed.
    """
    wanted = set(names)
    if not wanted:
        raise MissingFields("Missing required field(s): scopes")
    if wanted - set(SCOPES):
        raise ScopeUnknown
    return [name for name in SCOPES if name in wanted]


def useful_to(user: User) -> list[Scope]:
    """Return the scopes that could open something to this owner at present."""
    return [
        scope
        for scope in SCOPES.values()
        if scope.is_in_use and (not scope.permission or user.may(scope.permission))
    ]
