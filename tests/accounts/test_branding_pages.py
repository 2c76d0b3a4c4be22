"""The branding page, its previews, and the mails that it shows."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.mail import samples
from accounts.models import MailMessage, SecurityEvent, TenantBranding
from tenants.context import use
from tests.accounts.pictures import picture

PATH = "/accounts/branding"
LOOK = {
    "section": "look",
    "name": "Acme Ltd",
    "primary": "",
    "on_primary": "",
    "accent": "#7c2d12",
    "background": "",
    "text": "",
}


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def page(browser_of):
    return browser_of("admin")


def row(tenant):
    with use(tenant):
        return TenantBranding.objects.get()


def test_a_member_does_not_get_in(browser_of):
    client = browser_of("alice")
    for path in ("", "/preview.css", "/mail/reset_code", "/mail/reset_code/html"):
        assert client.get(PATH + path).status_code == 403
    assert client.post(PATH, LOOK).status_code == 403
    assert "Branding" not in client.get("/workflow/mywork/").text


def test_a_section_is_saved_by_itself(page, acme):
    before = row(acme)
    assert page.post(PATH, LOOK).status_code == 302
    assert (row(acme).name, row(acme).accent) == ("Acme Ltd", "#7c2d12")
    assert row(acme).footer == before.footer
    mail = {"section": "mail", "footer": "1 Canyon Road", "language": "de"}
    assert page.post(PATH, mail).status_code == 302
    assert (row(acme).footer, row(acme).mail_enabled) == ("1 Canyon Road", False)
    assert row(acme).name == "Acme Ltd"
    with use(acme):
        events = SecurityEvent.objects.filter(name="branding.changed")
        assert {event.via for event in events} == {"session"}


def test_what_is_saved_is_on_the_next_page_and_the_sign_in(page, visitor):
    page.post(PATH, LOOK)
    for client, path in ((page, "/workflow/mywork/"), (visitor(), "/accounts/sign-in")):
        html = client.get(path).text
        assert "Acme Ltd" in html
        address = re.search(r"/branding\.css\?v=[0-9a-f]+", html)[0]
        assert "--accent:#7c2d12" in client.get(address).text


def test_a_low_contrast_names_its_field_and_offers_the_nearest_colour(page, acme):
    before = row(acme)
    answer = page.post(PATH, {**LOOK, "accent": "#ffd400"})
    assert answer.status_code == 422
    assert row(acme).name == before.name
    assert 'value="#ffd400"' in answer.text
    assert 'id="look_accent_error"' in answer.text
    offered = re.search(r'name="use" value="(accent:#[0-9a-f]{6})"', answer.text)[1]
    taken = page.post(PATH, {**LOOK, "accent": "#ffd400", "use": offered})
    assert f'value="{offered.partition(":")[2]}"' in taken.text
    assert 'name="use"' not in taken.text
    assert row(acme).accent == before.accent


def test_a_preview_without_a_script_saves_nothing(page, acme):
    before = row(acme)
    answer = page.post(PATH, {**LOOK, "preview": "1"})
    assert answer.status_code == 200
    assert "Not saved" in answer.text
    assert "accent=%237c2d12" in answer.text
    assert row(acme).accent == before.accent


def test_the_preview_of_a_script_is_the_same_part_of_the_page(page, acme):
    answer = page.post(f"{PATH}/preview", {**LOOK, "accent": "#ffd400"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="previews"' in answer.text
    assert 'name="use" value="accent:#' in answer.text
    assert row(acme).accent != "#ffd400"


def test_the_previews_style_sheet_holds_colours_and_nothing_else(page):
    css = page.get(f"{PATH}/preview.css", {"accent": "#7c2d12", "text": "}x{"})
    assert css["Content-Type"].startswith("text/css")
    assert "--accent:#7c2d12" in css.text
    assert css.text.count("{") == css.text.count("}") == 1


def test_two_people_at_once_do_not_overwrite_each_other(page, acme):
    version = re.search(r'name="version" value="(\w+)"', page.get(PATH).text)[1]
    assert page.post(PATH, {**LOOK, "version": version}).status_code == 302
    late = page.post(PATH, {**LOOK, "name": "Late", "version": version})
    assert late.status_code == 422
    assert "Somebody else changed the branding" in late.text
    assert row(acme).name == "Acme Ltd"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"section": "nowhere"},
        {**LOOK, "name": "\x00"},
        {**LOOK, "name": "x" * 9000},
        {**LOOK, "accent": "\ud800".encode("utf-8", "surrogatepass")},
        {**LOOK, "version": "x" * 500},
        {**LOOK, "use": "name:x", "preview": "1"},
        {"section": "mail", "language": "tlh"},
        {"section": "registration", "registration_policy": "domains"},
        {"section": "registration", "registration_domains": "\n\n<x>"},
        {"remove": "nobody@acme.test"},
    ],
)
def test_bad_input_is_a_clear_answer(page, acme, sent):
    before = row(acme)
    answer = page.post(PATH, sent)
    assert answer.status_code in {200, 302, 404, 422}
    after = row(acme)
    assert (after.accent, after.language) == (before.accent, before.language)
    assert after.registration_policy == before.registration_policy


def test_a_logo_is_uploaded_shown_everywhere_and_removed(page, visitor, acme):
    upload = SimpleUploadedFile("../../evil.png", picture(), "image/png")
    assert page.post(f"{PATH}/logo/light", {"logo": upload}).status_code == 302
    html = visitor().get("/accounts/sign-in").text
    path = re.search(r'src="(/branding/logo-[0-9a-f]{32}\.png)"', html)[1]
    assert visitor().get(path).status_code == 200
    assert 'alt="Acme"' in html
    assert path in page.get("/workflow/mywork/").text
    assert page.post(f"{PATH}/logo/light", {"remove": "1"}).status_code == 302
    assert row(acme).logo == ""
    assert page.post(f"{PATH}/logo/other", {}).status_code == 404


def test_a_file_that_is_no_logo_is_refused_at_its_field(page, acme):
    upload = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png")
    answer = page.post(f"{PATH}/logo/dark", {"logo": upload})
    assert answer.status_code == 422
    assert 'id="logo_dark_logo_error"' in answer.text
    assert page.post(f"{PATH}/logo/dark", {}).status_code == 422
    assert row(acme).logo_dark == ""


def test_an_address_for_answers_is_confirmed_on_the_page(page, acme, code_for):
    asked = page.post(f"{PATH}/reply-to", {"email": "help@acme.test"}, follow=True)
    assert "h***p@acme.test" in asked.text
    assert row(acme).reply_to == []
    cookie = page.cookies["flow_reply_to"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    code = code_for("help@acme.test")
    refused = page.post(f"{PATH}/reply-to/code", {"code": "AAAAAA"})
    assert refused.status_code == 422
    assert page.post(f"{PATH}/reply-to/code", {"code": code}).status_code == 302
    assert row(acme).reply_to == ["help@acme.test"]
    assert "help@acme.test" in page.get(PATH).text
    assert page.post(PATH, {"remove": "help@acme.test"}).status_code == 302
    assert row(acme).reply_to == []


def test_a_wrong_address_for_answers_is_refused_at_its_field(page):
    answer = page.post(f"{PATH}/reply-to", {"email": "nonsense"})
    assert answer.status_code == 422
    assert 'id="answers_email_error"' in answer.text
    assert page.get(f"{PATH}/reply-to/code").status_code == 302


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_each_mail_is_shown_in_a_frame_that_can_do_nothing(page, name, acme):
    with use(acme):
        before = MailMessage.objects.count()
    shown = page.get(f"{PATH}/mail/{name}?language=de")
    assert shown.status_code == 200
    assert "sandbox" in re.search(r"<iframe[^>]+>", shown.text)[0]
    html = page.get(f"{PATH}/mail/{name}/html?language=de")
    policy = html["Content-Security-Policy"]
    assert policy.startswith(
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
    )
    assert html["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in html["Cache-Control"]
    assert ' lang="de"' in html.text
    assert (samples.CODE in html.text) == name.endswith("_code")
    with use(acme):
        assert MailMessage.objects.count() == before


def test_a_mail_nobody_knows_is_nowhere(page):
    assert page.get(f"{PATH}/mail/nothing").status_code == 404
    assert page.get(f"{PATH}/mail/nothing/html").status_code == 404
    assert page.get(f"{PATH}/mail/reset_code?language=tlh").status_code == 200


def test_a_picture_in_a_preview_comes_from_its_own_site(page):
    upload = SimpleUploadedFile("logo.png", picture(), "image/png")
    page.post(f"{PATH}/logo/light", {"logo": upload})
    html = page.get(f"{PATH}/mail/reset_code/html").text
    assert re.search(r'src="/branding/logo-', html)


def test_the_public_host_has_no_branding(visitor, db):
    for path in (PATH, "/api/accounts/branding", "/branding/logo-" + "0" * 32 + ".png"):
        assert visitor("localhost").get(path).status_code == 404
