"""The mails in Chromium: on a phone, by night, in all brands; read, not described."""

import mimetypes
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, Route

from accounts import branding
from accounts.models import TenantBranding
from tenants.context import TenantInfo, use
from tests.accounts import mails
from tests.accounts.mails import FOUND, PLAIN, RICH, rendered
from tests.accounts.pictures import picture
from tests.platform.web.conftest import chromium
from tests.platform.web.test_in_a_browser import POOR_TEXTS, WIDER

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: A tenant that no database knows: where a browser runs, none may be asked.
ACME = TenantInfo(
    uuid=UUID(int=1),
    slug="acme",
    schema_name="t_browser",
    db_role="r_browser",
    name="Acme",
    state="active",
    locale="en",
    timezone="UTC",
    primary_domain="acme.localhost",
    generation=1,
    cache_epoch=1,
    storage_prefix="browser",
)
#: Words as long as some people have them.
LONG = {
    "person": "Alexandrina-Wilhelmina von Hohenberg-Langenscheidt",
    "device": "Mozilla/5.0(X11;Linux;x86_64)Gecko/20100101Firefox/142.0WithoutAnyBlank",
    "title": "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente",
}
LOGO_SHOWN = """() => [...document.querySelectorAll("img")]
  .filter(image => image.checkVisibility() && image.complete && image.naturalWidth)
  .map(image => [image.className, image.getBoundingClientRect().height])"""


@pytest.fixture(scope="module")
def phone(chromium) -> Iterator[Page]:
    """Return one page that shows all the mails; nothing is fetched but pictures."""
    context = chromium.new_context(viewport={"width": 320, "height": 900})
    page = context.new_page()
    page.route("**/*", answer)
    yield page
    context.close()


def answer(route: Route) -> None:
    if route.request.resource_type == "image":
        kind = mimetypes.types_map[".png"]
        route.fulfill(body=picture(size=(600, 200)), content_type=kind)
    else:
        route.abort()


def all_mails(brand: dict[str, str], language: str) -> list[tuple[str, str]]:
    with use(ACME):
        return [
            (name, html_of(name, brand, language, **values | long_words(values)))
            for name in FOUND
            for values in mails.cases_of(name)
        ]


def html_of(name: str, brand: dict, language: str = "en", /, **values) -> str:
    with use(ACME):
        worn = branding.of(TenantBranding(**brand))
        return rendered(name, language, brand=worn, **values).html


def long_words(values: dict[str, object]) -> dict[str, str]:
    return {key: word for key, word in LONG.items() if values.get(key)}


@pytest.mark.parametrize("brand", [PLAIN, RICH], ids=["plain", "rich"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_mail_fits_a_phone_and_can_be_read_by_day_and_night(
    phone, brand, language
):
    for name, html in all_mails(brand, language):
        phone.set_content(html)
        for width in (320, 390):
            phone.set_viewport_size({"width": width, "height": 900})
            assert phone.evaluate(WIDER) <= 0, (name, width)
        for theme in ("light", "dark"):
            phone.emulate_media(color_scheme=theme)
            found = phone.evaluate(POOR_TEXTS)
            assert found["poor"] == [], (name, theme)
            assert found["looked"] >= 4


@pytest.mark.parametrize(
    ("theme", "shown"), [("light", "logo logo--light"), ("dark", "logo logo--dark")]
)
def test_each_theme_has_its_own_logo(phone, theme, shown):
    html = html_of("accounts/test_message", RICH)
    phone.emulate_media(color_scheme=theme)
    phone.set_content(html, wait_until="load")
    assert phone.evaluate(LOGO_SHOWN) == [[shown, 40]]


def test_a_code_is_large_and_can_be_read_letter_by_letter(phone):
    html = html_of("accounts/reset_code", PLAIN)
    phone.set_viewport_size({"width": 320, "height": 900})
    phone.set_content(html)
    size, spacing = phone.evaluate(
        """() => {
          const style = getComputedStyle(document.querySelector(".code"));
          return [parseFloat(style.fontSize), parseFloat(style.letterSpacing)];
        }"""
    )
    assert size >= 24
    assert spacing >= 4
