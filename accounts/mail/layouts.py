"""The layout around a mail: ours, or that of EMAIL_TEMPLATE_RENDERER."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.backends.django import DjangoTemplates
from django.template.loader import render_to_string
from django.utils.module_loading import import_string

from accounts import conf

logger = logging.getLogger(__name__)
#: Holds a `mail_base.html` that is no more than its blocks.
BARE = Path(__file__).parents[1] / "templates" / "accounts" / "bare"


class NoLayout(Exception):
    """The renderer of the settings returned no text."""


def html_of(template: str, values: Mapping[str, Any], *, title: str) -> str:
    """Return a template as HTML, in the layout that the settings choose.

    A renderer that fails costs its layout and never the mail.
    """
    chosen = conf.current().renderer
    if chosen:
        try:
            return _by(chosen, template, values, title)
        except Exception as error:  # noqa: BLE001 - the renderer is somebody else's
            # Its message may hold the body.
            told = {"template": template, "error": type(error).__name__}
            logger.warning("mail.renderer_failed", extra=told)
    return render_to_string(template, dict(values))


def _by(chosen: str, template: str, values: Mapping[str, Any], title: str) -> str:
    body = _bare_engine().get_template(template).render(dict(values))
    html = import_string(chosen)(str(body), title=title)
    if not isinstance(html, str) or not html.strip():
        raise NoLayout
    return html


@cache
def _bare_engine() -> DjangoTemplates:
    ours: dict[str, Any] = settings.TEMPLATES[0]
    return DjangoTemplates(
        {
            "NAME": "bare-mail",
            "DIRS": [BARE, *ours["DIRS"]],
            "APP_DIRS": True,
            "OPTIONS": {},
        }
    )
