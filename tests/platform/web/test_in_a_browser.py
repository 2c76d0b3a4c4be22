"""The pages as a browser shows them: readable, steady, and usable by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.platform.web.rendering import components, frame, page

pytestmark = pytest.mark.browser

#: Returns the texts whose contrast is below 4.5 to 1, as the browser computes colours.
POOR_TEXTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const pixel = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = pixel(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.textContent.trim();
    if (!words || !element.checkVisibility() || element.closest("template")) continue;
    if (element.closest(":disabled, [aria-busy=true]")) continue;
    const two = [light(pixel(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
    looked += 1;
    if (ratio < 4.5) poor.push([words, ratio]);
  }
  return {looked, poor};
}"""
WIDER = "document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("accent", ["#0f766e", "#fde047", "#808080"])
def test_every_word_can_be_read(opened, accent, theme):
    found = opened(components(), theme=theme, accent=accent).evaluate(POOR_TEXTS)
    assert found["poor"] == []
    assert found["looked"] > 150


@pytest.mark.parametrize("width", [320, 390, 1024, 1440])
@pytest.mark.parametrize(
    "name", ["components", "public/landing.html", "errors/409.html"]
)
def test_no_page_is_wider_than_the_screen(opened, name, width):
    html = components() if name == "components" else page(name)
    assert opened(html, width=width).evaluate(WIDER) <= 0


def test_the_chosen_theme_is_remembered(opened):
    view = opened(components())
    view.get_by_label("Theme").first.click()
    view.get_by_role("button", name="Dark").first.click()
    assert view.locator("html").get_attribute("data-theme") == "dark"
    cookie = view.context.cookies()[0]
    assert (cookie["name"], cookie["value"], cookie["sameSite"]) == (
        "theme",
        "dark",
        "Lax",
    )


def test_a_chosen_theme_beats_the_system(opened):
    view = opened(components(frame=frame(theme="light")), theme="dark")
    assert (
        view.evaluate("getComputedStyle(document.documentElement).colorScheme")
        == "light"
    )


def test_j_and_k_move_through_a_list(opened):
    view = opened(components())
    view.locator("h1").click()
    rows = view.locator("[data-keys] .list-row__title")
    view.keyboard.press("j")
    view.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    view.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()


def test_a_question_mark_shows_the_keys_and_escape_closes_them(opened):
    view = opened(components())
    view.locator("h1").click()
    view.keyboard.press("?")
    expect(view.locator("#keys")).to_be_visible()
    view.keyboard.press("Escape")
    expect(view.locator("#keys")).to_be_hidden()


def test_letters_typed_into_a_field_are_no_keys(opened):
    view = opened(components())
    view.locator("#plain_name").press("?")
    expect(view.locator("#keys")).to_be_hidden()


def test_escape_closes_a_menu_and_returns_the_focus(opened):
    view = opened(components())
    summary = view.locator(".topbar summary").last
    summary.click()
    expect(view.get_by_role("button", name="Sign out").first).to_be_visible()
    view.keyboard.press("Escape")
    expect(view.get_by_role("button", name="Sign out").first).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_dialog_opens_and_is_left_without_harm(opened):
    view = opened(components())
    view.locator('[data-dialog-open="example-dialog"]').click()
    expect(view.locator("#example-dialog")).to_be_visible()
    view.get_by_role("button", name="Keep it").click()
    expect(view.locator("#example-dialog")).to_be_hidden()


def test_a_password_is_shown_on_request(opened):
    view = opened(components())
    view.locator('[data-password-show="plain_password"]').click()
    assert view.locator("#plain_password").get_attribute("type") == "text"
    view.locator('[data-password-show="plain_password"]').click()
    assert view.locator("#plain_password").get_attribute("type") == "password"


def test_a_code_is_cleaned_of_spaces_and_dashes(opened):
    view = opened(components())
    box = view.locator("#plain_code")
    box.press_sequentially("k7 m-p")
    expect(box).to_have_value("K7MP")


def test_a_pasted_code_is_not_cut_before_it_is_cleaned(opened):
    view = opened(components())
    box = view.locator("#plain_code")
    box.evaluate("""(input) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text", " K7M-PXW ");
      input.dispatchEvent(
        new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
    }""")
    expect(box).to_have_value("K7MPXW")


def test_a_sent_form_is_busy_once_and_its_button_keeps_its_width(opened):
    view = opened(components())
    view.locator('[data-dialog-open="example-dialog"]').click()
    view.locator("#example-dialog form").evaluate("form => { form.action = '/sent' }")
    button = view.locator('#example-dialog button[type="submit"]')
    width = button.bounding_box()["width"]
    sent = []
    view.on("request", lambda request: sent.append(request.url))
    button.evaluate("button => { button.click(); button.click(); }")
    expect(button).to_have_attribute("aria-busy", "true")
    assert button.bounding_box()["width"] == width
    view.wait_for_timeout(200)
    assert sent == ["http://acme.test/sent"]


def test_without_a_script_nothing_that_needs_one_is_shown(opened):
    view = opened(components(), java_script_enabled=False)
    expect(view.locator(".needs-script").first).to_be_hidden()
    view.locator(".topbar summary:visible").click()
    expect(view.get_by_role("button", name="Sign out").first).to_be_visible()
