"""Pages that exist in development only: the mailbox and the component page."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config.components import component_page


def routes() -> list[URLPattern | URLResolver]:
    """Return the routes; none unless DEBUG and DEVELOPMENT_MODE are both on."""
    if not (settings.DEBUG and settings.DEVELOPMENT_MODE):
        return []
    return [
        path("dev/", include("accounts.mail.mailbox_urls")),
        path("_ui/", component_page, name="components"),
    ]
