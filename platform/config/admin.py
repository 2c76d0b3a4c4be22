"""Two admin sites: each tenant's own, and the operators' on the public host."""

from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite

from accounts import admin as accounts_admin
from accounts.models import TenantBranding
from accounts.pages.entry import local_target
from accounts.pages.sign_in import sign_out
from kernel.errors import Forbidden
from leave import admin as leave_admin
from tenants.admin import tenants as tenants_admin
from workflow import admin as workflow_admin

#: A password is changed by the account pages alone: they know the rules.
#: The last one leads to any object by the number of its kind, and nothing asks for it.
NOT_HERE = {"password_change", "password_change_done", "view_on_site"}


class OwnSignIn(UnfoldAdminSite):
    """An admin site behind the sign-in page that all other pages have."""

    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern]:
        """Return the routes without the forms that would go past the accounts."""
        routes = super().get_urls()
        return [route for route in routes if getattr(route, "name", "") not in NOT_HERE]

    def login(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 - Django's signature
    ) -> HttpResponseBase:
        """Lead to the sign-in page; refuse whoever is signed in and may not enter."""
        wanted = (
            local_target(request) if "next" in request.GET else resolve_url(self.home)
        )
        if self.has_permission(request):
            return redirect(wanted)
        if request.user.is_authenticated:
            raise Forbidden
        return redirect_to_login(wanted)

    def logout(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> HttpResponse:
        """Sign out as everywhere else."""
        return sign_out(request)

    @property
    def home(self) -> str:
        return f"{self.name}:index"


class TenantAdmin(OwnSignIn):
    """The admin of one tenant, for its owner and admins."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Let owners and admins of this tenant in."""
        user = request.user
        return bool(user.is_active and getattr(user, "role", "") in {"owner", "admin"})


class OperatorAdmin(OwnSignIn):
    """The operators' admin, on the public host only."""

    settings_name = "UNFOLD_OPERATORS"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let operators in: active people of the public schema with the staff mark."""
        return bool(request.user.is_active and request.user.is_staff)


tenant_admin = TenantAdmin(name="admin")
operator_admin = OperatorAdmin(name="operators")

for app in (accounts_admin, workflow_admin, leave_admin):
    app.register(tenant_admin)
for app in (accounts_admin, tenants_admin):
    app.register(operator_admin)
# The public schema has no brand and no process roles.
operator_admin.unregister([TenantBranding, Group])
