"""The way of a leave request in a real browser, as three people see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from kernel import clock
from tests import twins

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 15_000


@pytest.fixture
def site(web, chromium):
    """Return the site, for one browser a person, with what they complained of."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield Site(web, browser)
        browser.close()


class Site:
    """The running site, as people with a browser see it."""

    def __init__(self, web, browser) -> None:
        self.web = web
        self.browser = browser
        self.complaints: list[str] = []

    @contextmanager
    def signed_in(
        self, username: str, host: str = "acme.localhost", *, script: bool = True
    ) -> Iterator[Page]:
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, java_script_enabled=script
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", self.listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.web.url("/", host))
        page.get_by_label("User name or e-mail address").fill(username)
        page.locator("input[name=password]").fill(twins.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="My work", level=1)).to_be_visible()
        yield page
        context.close()

    def listen(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


def open_work(page: Page) -> None:
    """Open the one piece of work in the list."""
    page.get_by_role("link", name="My work").first.click()
    page.locator("main .list-row__title").first.click()
    expect(page.get_by_text("The sea.")).to_be_visible()


def test_asked_approved_and_filed_in_the_browser(site):
    day = (clock.now().date() + timedelta(days=20)).isoformat()
    with site.signed_in("alice") as page:
        page.get_by_role("link", name="Leave", exact=True).first.click()
        page.get_by_role("link", name="Ask for leave").first.click()
        page.get_by_label("First day").fill(day)
        page.get_by_label("Last day").fill(day)
        page.get_by_label("Reason").fill("The sea.")
        page.get_by_role("button", name="Send the request").click()
        expect(page.get_by_text("Bob Acme decides")).to_be_visible()
        expect(page.get_by_text("Waiting for approval").first).to_be_visible()
        address = page.url
    with site.signed_in("bob") as page:
        open_work(page)
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="My work", level=1)).to_be_visible()
    with site.signed_in("carol") as page:
        open_work(page)
        file_it(page)
    with site.signed_in("alice") as page:
        page.goto(address)
        expect(page.get_by_text("Filed", exact=True).first).to_be_visible()
        expect(page.get_by_text("Carol Acme filed it").first).to_be_visible()
    assert site.complaints == []


def file_it(page: Page) -> None:
    """Take the work that nobody holds yet, then finish it."""
    page.get_by_role("button", name="Take").click()
    page.get_by_role("button", name="File", exact=True).click()
    expect(page.get_by_role("heading", name="My work", level=1)).to_be_visible()


def test_a_refused_request_is_withdrawn_in_the_browser(site):
    day = (clock.now().date() + timedelta(days=20)).isoformat()
    with site.signed_in("alice") as page:
        page.goto(site.web.url("/leave/new/"))
        page.get_by_label("First day").fill(day)
        page.get_by_label("Last day").fill(day)
        page.get_by_label("Reason").fill("The sea.")
        page.get_by_role("button", name="Send the request").click()
        expect(page.get_by_text("Bob Acme decides")).to_be_visible()
        address = page.url
    with site.signed_in("bob") as page:
        open_work(page)
        page.get_by_role("button", name="Refuse").click()
        expect(page.get_by_label("Comment")).to_be_focused()
        page.get_by_label("Comment").fill("Too busy then.")
        page.get_by_role("button", name="Refuse").click()
        expect(page.get_by_role("heading", name="My work", level=1)).to_be_visible()
    with site.signed_in("alice") as page:
        page.goto(address)
        expect(page.get_by_text("Too busy then.").first).to_be_visible()
        page.get_by_role("button", name="Withdraw", exact=True).click()
        page.get_by_role("button", name="Withdraw the request").click()
        expect(page.get_by_text("Withdrawn").first).to_be_visible()
    assert site.complaints == []


def test_work_goes_to_a_colleague_and_comes_back_in_the_browser(site):
    day = (clock.now().date() + timedelta(days=20)).isoformat()
    with site.signed_in("alice") as page:
        page.goto(site.web.url("/leave/new/"))
        page.get_by_label("First day").fill(day)
        page.get_by_label("Last day").fill(day)
        page.get_by_label("Reason").fill("The sea.")
        page.get_by_role("button", name="Send the request").click()
        expect(page.get_by_text("Bob Acme decides")).to_be_visible()
    # The pages need no script; the next ones are looked at with it.
    with site.signed_in("bob", script=False) as page:
        open_work(page)
        page.get_by_role("link", name="Ask somebody to do it").click()
        page.get_by_label("Person").select_option("Carol Acme")
        page.get_by_label("Hand it back to me afterwards").check()
        page.get_by_role("button", name="Ask them").click()
        expect(page.get_by_text("Carol Acme has this now").first).to_be_visible()
    with site.signed_in("carol") as page:
        open_work(page)
        expect(
            page.get_by_text("Bob Acme asked for it and gets it back")
        ).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="My work", level=1)).to_be_visible()
    with site.signed_in("bob") as page:
        open_work(page)
        expect(page.get_by_text("Carol Acme handed back to Bob Acme")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("heading", name="My work", level=1)).to_be_visible()
    assert site.complaints == []


def test_globex_does_not_know_the_request_of_acme(site):
    with site.signed_in("alice", "globex.localhost") as page:
        answer = page.goto(site.web.url("/leave/1/", "globex.localhost"))
        assert answer is not None
        assert answer.status == 404
