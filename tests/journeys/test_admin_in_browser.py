"""Both admins and the page of the API in a real browser: quiet, and all from here."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import twins
from tests.journeys.test_browser import ARGUMENTS, PATIENCE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def visit(web, chromium):
    """Return a maker of pages that note complaints and requests to elsewhere."""
    noted: list[str] = []
    here = urlsplit(web.url("/")).port

    def note_request(request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and address.port != here:
            noted.append(request.url)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)

        def new_page():
            context = browser.new_context(color_scheme="light")
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.on("request", note_request)
            page.on(
                "console",
                lambda said: said.type == "error" and noted.append(said.text),
            )
            page.on("pageerror", lambda error: noted.append(str(error)))
            return page

        yield new_page
        browser.close()
    assert noted == []


def enter(page, address: str, username: str) -> None:
    page.goto(address)
    page.get_by_label("User name or e-mail address").fill(username)
    page.locator("input[name=password]").fill(twins.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()


def test_the_admin_shows_its_pages_without_a_complaint(visit, web):
    page = visit()
    enter(page, web.url("/admin/"), "admin")
    expect(page).to_have_title("Overview · Administration · Acme")
    for name in ("People", "Work items", "Audit events", "Branding", "Processes"):
        page.locator("#nav-sidebar").get_by_role("link", name=name).last.click()
        expect(page).to_have_title(re.compile(f"^{name} · Administration"))


def test_one_theme_is_chosen_for_the_admin_and_the_workspace(visit, web):
    page = visit()
    enter(page, web.url("/admin/"), "admin")
    page.locator("#nav-sidebar").get_by_text("admin@acme.test").click()
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("html")).to_have_class("dark")
    page.goto(web.url("/workflow/mywork/"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(web.url("/admin/accounts/user/"))
    expect(page.locator("html")).to_have_class("dark")


def test_the_page_of_the_api_asks_nobody_else(visit, web):
    page = visit()
    page.goto(web.url("/api/docs"))
    expect(page.get_by_text("/api/auth/web/sign-in")).to_be_visible()
