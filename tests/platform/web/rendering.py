"""Renders the templates as the project does, with a frame of our choice."""

from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.test import RequestFactory

from config.components import examples

WEB = Path(__file__).resolve().parents[3] / "platform" / "web"
TEMPLATES = WEB / "templates"
STATIC = WEB / "static"

#: Accents that people choose, and the worst ones: pale, grey, black, pure.
ACCENTS = [
    "#3d56c5",
    "#475569",
    "#0f766e",
    "#7c3aed",
    "#b45309",
    "#e11d48",
    "#fde047",
    "#808080",
    "#767676",
    "#000000",
    "#ffffff",
    "#00ff00",
    "#0000ff",
    "#ff0000",
    "#ffff00",
]


def frame(**changes: Any) -> dict[str, Any]:
    """Return the frame of alice at acme, with what a test wants otherwise."""
    values = {
        "kind": "tenant",
        "name": "Acme",
        "initial": "A",
        "branding_css": "/branding.css?v=1",
        "nav": examples()["nav"],
        "user": "alice",
        "user_name": "Alice",
        "user_initials": "AL",
        "theme": "system",
        "mailbox_url": "",
        "sign_out_url": "/accounts/sign-out",
        "sign_in_url": "/accounts/sign-in",
    }
    return values | changes


def page(template: str, *, cookies: str = "", **context: Any) -> str:
    """Return the page inside the frame of a workspace."""
    request = RequestFactory().get("/", headers={"cookie": cookies})
    values = {"frame": frame(), "csrf_token": "the-token"} | context
    return render_to_string(template, values, request)


def components(**context: Any) -> str:
    """Return the component page, as development serves it."""
    return page("ui/components.html", examples=examples(), **context)
