"""The routes of the public site: sign-up, health, the operators' admin."""

from django.urls import include, path
from django.views.generic import TemplateView

from config import health
from config.admin import operator_admin
from config.api import public_api
from config.development import routes, worker_probe

handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.forbidden"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.server_error"

urlpatterns = [
    path("", TemplateView.as_view(template_name="public/landing.html"), name="home"),
    path("", include("tenants.urls")),
    path("api/", public_api.urls),
    path("accounts/", include("accounts.operator_urls")),
    path("admin/", operator_admin.urls),
    path("health/", health.alive, name="health"),
    *worker_probe(),
    *routes(),
]
