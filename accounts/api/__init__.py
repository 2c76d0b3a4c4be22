"""The routers of accounts, mounted by `config.api`."""

from accounts.api.accounts import router as accounts_router
from accounts.api.auth import router as auth_router
from accounts.api.branding import router as branding_router
from accounts.api.protected import router as protected_router

__all__ = ["accounts_router", "auth_router", "branding_router", "protected_router"]
