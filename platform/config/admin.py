"""Two admin sites: each tenant's own, and the operators' on the public host."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from accounts import admin as accounts_admin
from leave import admin as leave_admin
from tenants import admin as tenants_admin
from workflow import admin as workflow_admin


class TenantAdmin(UnfoldAdminSite):
    """The admin of one tenant, for its owner and admins."""

    site_title = _("Administration")
    site_header = _("Administration")
    login_template = None

    def has_permission(self, request: HttpRequest) -> bool:
        """Let owners and admins of this tenant in."""
        user = request.user
        return bool(user.is_active and getattr(user, "role", "") in {"owner", "admin"})


class OperatorAdmin(UnfoldAdminSite):
    """The operators' admin, on the public host only."""

    site_title = _("Operator console")
    site_header = _("Operator console")
    index_title = _("Operator console")

    def has_permission(self, request: HttpRequest) -> bool:
        """Let operators in: active people of the public schema with the staff mark."""
        return bool(request.user.is_active and request.user.is_staff)


tenant_admin = TenantAdmin(name="admin")
operator_admin = OperatorAdmin(name="operators")

for app in (accounts_admin, workflow_admin, leave_admin):
    app.register(tenant_admin)
for app in (accounts_admin, tenants_admin):
    app.register(operator_admin)
