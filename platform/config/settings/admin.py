"""How the two admin sites look; `config.admin_look` answers what differs a request."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "config.admin_look.title",
    "SITE_HEADER": "config.admin_look.owner",
    "SITE_SUBHEADER": "config.admin_look.kind",
    "SITE_SYMBOL": "tune",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": "config.admin_look.favicon",
        }
    ],
    "ENVIRONMENT": "config.admin_look.label",
    "DASHBOARD_CALLBACK": "config.admin_look.index",
    "STYLES": ["config.admin_look.brand_styles", "config.admin_look.styles"],
    "SCRIPTS": ["config.admin_look.script"],
    "BORDER_RADIUS": "6px",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {"navigation": "config.admin_look.navigation"},
}
UNFOLD_OPERATORS: dict[str, Any] = {**UNFOLD, "SITE_SYMBOL": "dns"}
