"""Logos: decoded, made small, written anew; served by their hash, to everybody."""

import re
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts import purging
from accounts.branding import changing, logos
from accounts.errors import LogoInvalid, LogoTooLarge
from accounts.models import SecurityEvent, TenantBranding
from tenants.carrying.threads import TenantThread
from tenants.context import use, use_control
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


# What a roll-back and a dead process leave


class Failure(Exception):
    """Something after the file was written."""


@pytest.fixture
def failing(monkeypatch):
    """Let the change fail once the file is there."""

    def fail(*args: object, **kwargs: object) -> None:
        assert stored(), "the file was not written yet"
        raise Failure

    monkeypatch.setattr(changing.events, "record", fail)
    return monkeypatch


def test_a_roll_back_takes_the_file_with_it(in_acme, admin, failing):
    with pytest.raises(Failure):
        place(picture(), admin)
    assert stored() == []
    assert not TenantBranding.objects.exclude(logo="").exists()


def test_a_roll_back_leaves_the_file_that_the_other_theme_uses(
    in_acme, admin, monkeypatch
):
    row = place(picture(), admin, "light")

    def fail(*args: object, **kwargs: object) -> None:
        raise Failure

    monkeypatch.setattr(changing.events, "record", fail)
    with pytest.raises(Failure):
        place(picture(), admin, "dark")
    assert stored() == [row.logo.rpartition("/")[2]]


def test_a_roll_back_leaves_the_logo_that_was_there(in_acme, admin, monkeypatch):
    row = place(picture(size=(10, 10)), admin)

    def fail(*args: object, **kwargs: object) -> None:
        raise Failure

    monkeypatch.setattr(changing.events, "record", fail)
    with pytest.raises(Failure):
        place(picture(size=(20, 10)), admin)
    assert stored() == [row.logo.rpartition("/")[2]]


def test_a_storage_that_fails_at_the_cleaning_hides_no_error(in_acme, admin, failing):
    def away(name: str) -> None:
        raise OSError(name)

    failing.setattr(changing.logos, "drop", away)
    with pytest.raises(Failure):
        place(picture(), admin)
    assert len(stored()) == 1


def test_the_purge_takes_what_a_dead_process_left_and_no_logo(in_acme, admin, globex):
    kept = place(picture(size=(10, 10)), admin).logo
    stray = logos.keep(logos.read(BytesIO(picture(size=(20, 10)))))
    default_storage.save("branding/notes.txt", ContentFile(b"not ours"))
    default_storage.save("offers/logo-" + "0" * 32 + ".png", ContentFile(b"not ours"))
    with use(globex):
        theirs = logos.keep(logos.read(BytesIO(picture(size=(20, 10)))))
    assert theirs == stray
    assert purging.run()["stray_logos"] == 1
    assert purging.run()["stray_logos"] == 0
    assert stored() == sorted([kept.rpartition("/")[2], "notes.txt"])
    assert default_storage.exists("offers/logo-" + "0" * 32 + ".png")
    with use(globex):
        assert default_storage.exists(theirs)


def test_a_few_strays_are_taken_at_a_time(in_acme):
    for width in (20, 21, 22):
        logos.keep(logos.read(BytesIO(picture(size=(width, 10)))))
    assert [changing.sweep(2), changing.sweep(2), changing.sweep(2)] == [2, 1, 0]


def test_a_sweep_without_any_logo_writes_nothing(in_acme):
    before = TenantBranding.objects.count()
    assert changing.sweep(10) == 0
    assert TenantBranding.objects.count() == before


def test_operators_have_no_logos_and_are_purged_all_the_same(db):
    with use_control():
        assert purging.run()["stray_logos"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_sweep_waits_for_the_logo_that_is_being_placed(acme):
    """The file is there before the row names it; the lock tells the sweep to wait."""
    png = logos.read(BytesIO(picture()))
    swept: list[int] = []

    def sweep() -> None:
        with use(acme):
            swept.append(changing.sweep(10))

    with use(acme):
        with transaction.atomic():
            row = changing.locked()
            row.logo = logos.keep(png)
            row.save(update_fields=["logo"])
            thread = TenantThread(target=sweep)
            thread.start()
            thread.join(0.5)
            assert thread.is_alive()
        thread.join(10)
        assert swept == [0]
        assert len(stored()) == 1
