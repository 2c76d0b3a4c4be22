"""A real browser on the templates alone: no server, no database."""

import mimetypes
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import django_htmx
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.platform.web.rendering import STATIC

SITE = "http://acme.test"
HTMX = Path(django_htmx.__file__).parent / "static"
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium; it ends with the module, and its loop with it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        assert os.environ.get("REQUIRE_BROWSER") != "1", (
            "REQUIRE_BROWSER=1, no Chromium"
        )
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page's HTML; complaints of the browser fail."""
    complaints: list[str] = []
    contexts = []

    def open_page(
        html: str, *, width: int = 1440, theme: str = "light", accent: str = "", **more
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/*", lambda route: answer(route, html, accent))
        page.goto(SITE)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def answer(route: Route, html: str, accent: str) -> None:
    path = route.request.url.removeprefix(SITE).partition("?")[0]
    if path == "/":
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(body=html, content_type="text/html", headers=headers)
    elif path == "/branding.css":
        css = f":root {{ --accent: {accent} }}" if accent else ""
        route.fulfill(body=css, content_type="text/css")
    elif path == "/sent":
        route.fulfill(status=204)
    else:
        answer_file(route, path.removeprefix("/static/"))


def answer_file(route: Route, name: str) -> None:
    file = next(path for root in (STATIC, HTMX) if (path := root / name).is_file())
    kind = mimetypes.guess_type(file.name)[0]
    route.fulfill(body=file.read_bytes(), content_type=kind)
