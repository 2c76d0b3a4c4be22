"""The routes of a tenant's site."""

from django.urls import include, path

from accounts.pages import branding
from config import pages
from config.admin import tenant_admin
from config.api import tenant_api
from config.development import routes
from tenants import files

handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.forbidden"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.server_error"

urlpatterns = [
    path("", pages.home, name="home"),
    path("api/", tenant_api.urls),
    path("accounts/", include("accounts.urls")),
    path("workflow/", include("workflow.urls")),
    path("leave/", include("leave.urls")),
    path("admin/", tenant_admin.urls),
    path("branding/logo-<slug:digest>.png", branding.picture, name="logo"),
    path("branding.css", pages.branding_css, name="branding-css"),
    path("files/<str:signed>", files.serve, name="file"),
    *routes(),
]
