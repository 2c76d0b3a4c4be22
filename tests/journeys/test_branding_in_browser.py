"""The branding page in a real browser: what is typed is seen before it is saved."""

import pytest
from playwright.sync_api import expect

from tests.journeys.test_browser import site

__all__ = ["site"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
BRANDING = "/accounts/branding"
BUTTON = ".brand-preview[data-theme=light] .button--primary"


def test_the_preview_follows_what_is_typed_and_the_page_what_is_saved(site):
    with site.signed_in("admin") as page:
        page.goto(site.web.url(BRANDING))
        page.get_by_label("Accent", exact=True).first.fill("#7c2d12")
        expect(page.get_by_text("Not saved")).to_be_visible()
        button = page.locator(BUTTON)
        expect(button).to_have_css("background-color", "rgb(124, 45, 18)")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("AB12CD")).to_be_visible()
        page.get_by_role("button", name="Save name and colours").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        chosen = page.locator("html").evaluate(
            "page => getComputedStyle(page).getPropertyValue('--accent')"
        )
        assert chosen == "#7c2d12"
    assert site.complaints == []


def test_a_colour_that_cannot_be_read_is_exchanged_by_one_press(site):
    with site.signed_in("admin") as page:
        page.goto(site.web.url(BRANDING))
        accent = page.get_by_label("Accent", exact=True).first
        accent.fill("#ffd400")
        page.get_by_role("button", name="Use #").click()
        expect(accent).not_to_have_value("#ffd400")
        expect(page.get_by_role("button", name="Use #")).to_have_count(0)
    assert site.complaints == []


def test_without_a_script_a_button_shows_the_preview(site):
    with site.signed_in("admin", script=False) as page:
        page.goto(site.web.url(BRANDING))
        page.get_by_label("Accent", exact=True).fill("#7c2d12")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("Not saved")).to_be_visible()
        expect(page.get_by_label("Accent", exact=True)).to_have_value("#7c2d12")
