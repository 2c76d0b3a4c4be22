"""The routers of accounts, mounted by `config.api`."""

from accounts.api import domains, service_accounts, tokens
from accounts.api.accounts import router as accounts_router
from accounts.api.auth import router as auth_router
from accounts.api.branding import router as branding_router
from accounts.api.devices import router as devices_router
from accounts.api.ending import router as ending_router
from accounts.api.invitations import router as invitations_router
from accounts.api.mfa import router as mfa_router
from accounts.api.plan import router as plan_router
from accounts.api.protected import router as protected_router
from accounts.api.sign_in_rules import router as sign_in_rules_router
from accounts.api.users import router as users_router

accounts_router.add_router("", users_router)
accounts_router.add_router("", invitations_router)
accounts_router.add_router("/tokens", tokens.router)
accounts_router.add_router("", sign_in_rules_router)
accounts_router.add_router("", plan_router)
accounts_router.add_router("", ending_router)
accounts_router.add_router("/domains", domains.router)
accounts_router.add_router("/service-accounts", service_accounts.router)

__all__ = [
    "accounts_router",
    "auth_router",
    "branding_router",
    "devices_router",
    "mfa_router",
    "protected_router",
]
