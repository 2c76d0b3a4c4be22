"""Logos: decoded, made small, written anew; served by their hash, to everybody."""

import re
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.branding import changing, logos
from accounts.errors import LogoInvalid, LogoTooLarge
from accounts.models import SecurityEvent, TenantBranding
from tenants.context import use
from tests.accounts.pictures import animated, bomb, picture


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def stored() -> list[str]:
    try:
        return sorted(default_storage.listdir("branding")[1])
    except FileNotFoundError:
        return []


def place(content: bytes, by, variant="light") -> TenantBranding:
    return changing.set_logo(BytesIO(content), variant=variant, by=by, via="session")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_becomes_a_small_png(kind):
    png = logos.read(BytesIO(picture(kind, (1800, 300))))
    made = Image.open(BytesIO(png))
    assert made.format == "PNG"
    assert made.size == (600, 100)


def test_a_small_picture_keeps_its_size():
    made = Image.open(BytesIO(logos.read(BytesIO(picture(size=(40, 20))))))
    assert made.size == (40, 20)


def test_nothing_but_the_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "Alice at home"
    content = picture("JPEG", exif=exif, icc_profile=b"profile of alice")
    made = logos.read(BytesIO(content + b"<script>alert(1)</script>PK\x03\x04"))
    assert b"lice" not in made
    assert b"script" not in made
    assert b"PK" not in made
    assert set(Image.open(BytesIO(made)).info) == set()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        picture()[:60],
        picture("JPEG", (300, 300))[:-400],
        animated("PNG"),
        animated("WEBP"),
    ],
    ids=[
        "empty",
        "gif-head",
        "svg",
        "pdf",
        "gif",
        "bmp",
        "tiff",
        "cut-png",
        "cut-jpeg",
        "apng",
        "awebp",
    ],
)
def test_what_is_no_still_picture_is_refused(content):
    with pytest.raises(LogoInvalid):
        logos.read(BytesIO(content))


@pytest.mark.parametrize(
    "content",
    [bomb(), bomb(2001), picture(size=(2001, 1)), b"\0" * (512 * 1024 + 1)],
    ids=["bomb", "wide-bomb", "wide", "heavy"],
)
def test_what_is_too_large_is_refused_before_it_is_decoded(content):
    with pytest.raises(LogoTooLarge):
        logos.read(BytesIO(content))


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_break_the_reading_of_a_logo(noise, at):
    content = picture()
    for spoiled in (noise, content[:at] + noise + content[at:]):
        try:
            made = logos.read(BytesIO(spoiled))
        except (LogoInvalid, LogoTooLarge):
            continue
        assert made.startswith(b"\x89PNG")


def test_a_new_logo_takes_the_place_of_the_old_file(
    in_acme, admin, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        first = place(picture(size=(10, 10)), admin).logo
        second = place(picture(size=(20, 10)), admin).logo
    assert first != second
    assert stored() == [second.rpartition("/")[2]]
    assert SecurityEvent.objects.filter(name="branding.changed").count() == 2


def test_a_picture_of_both_themes_stays_until_neither_needs_it(
    in_acme, admin, django_capture_on_commit_callbacks
):
    content = picture()
    with django_capture_on_commit_callbacks(execute=True):
        place(content, admin, "light")
        place(content, admin, "dark")
        changing.remove_logo(variant="light", by=admin, via="session")
    assert len(stored()) == 1
    with django_capture_on_commit_callbacks(execute=True):
        changing.remove_logo(variant="dark", by=admin, via="session")
    assert stored() == []


def test_a_refused_logo_leaves_everything_as_it_was(in_acme, admin):
    row = place(picture(), admin)
    with pytest.raises(LogoInvalid):
        place(b"nothing", admin)
    assert TenantBranding.objects.get().logo == row.logo
    assert stored() == [row.logo.rpartition("/")[2]]


def test_a_logo_is_shown_to_everybody_for_a_year_and_does_nothing(acme, admin, visitor):
    with use(acme):
        path = logos.path_of(place(picture(), admin).logo)
    assert re.fullmatch(r"/branding/logo-[0-9a-f]{32}\.png", path)
    answer = visitor().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "Set-Cookie" not in answer
    assert answer.content.startswith(b"\x89PNG")


def test_a_logo_of_acme_is_nowhere_at_globex_and_gone_when_it_is_replaced(
    acme, globex, admin, visitor, django_capture_on_commit_callbacks
):
    with use(acme):
        path = logos.path_of(place(picture(), admin).logo)
    assert visitor("globex.localhost").get(path).status_code == 404
    with use(acme), django_capture_on_commit_callbacks(execute=True):
        changing.remove_logo(variant="light", by=admin, via="session")
    assert visitor().get(path).status_code == 404


@pytest.mark.parametrize(
    "name", ["x", "0" * 32, "../../keys/private", "a" * 31 + "%2e", "0" * 33]
)
def test_no_other_file_is_shown(db, visitor, name):
    assert visitor().get(f"/branding/logo-{name}.png").status_code == 404
