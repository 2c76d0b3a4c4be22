"""Pages that exist in development only."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config import health
from config.components import component_page


def worker_probe() -> list[URLPattern]:
    """Return the page that tells the supervisor of `make demo` that work is done.

    It keeps a thread waiting for a worker, so a deployment does not serve it.
    """
    if not settings.DEVELOPMENT_MODE:
        return []
    return [path("health/worker/", health.worker, name="health-worker")]


def routes() -> list[URLPattern | URLResolver]:
    """Return the routes; none unless DEBUG and DEVELOPMENT_MODE are both on."""
    if not (settings.DEBUG and settings.DEVELOPMENT_MODE):
        return []
    return [
        path("dev/", include("accounts.mail.mailbox_urls")),
        path("_ui/", component_page, name="components"),
    ]
