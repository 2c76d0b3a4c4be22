"""The catalogues: every word of every mail, in every language, with all its values."""

import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

from accounts import checks, mail
from accounts.mail import languages
from accounts.models import MailMessage, User
from kernel import catalogues
from leave.models import LeaveRequest
from tenants.context import use
from tests.accounts.mails import FOLDERS, LANGUAGES
from workflow.models import Incident

TRANSLATED = tuple(code for code in LANGUAGES if code != "en")
PLACES = {
    code: catalogues.LOCALE / translation.to_locale(code) / "LC_MESSAGES/django.po"
    for code in TRANSLATED
}
WORD = re.compile(r"%\(\w+\)s")


def templates() -> list[Path]:
    found = [
        path
        for app in FOLDERS
        for path in Path(settings.ROOT, app).glob("templates/*/mail/*")
    ]
    return [*found, *Path(settings.ROOT, "platform/web/templates").glob("mail_base.*")]


def words_of_templates() -> set[str | tuple[str, str]]:
    """Return every text that a mail asks a translation for."""
    known = {"gettext": None, "_": None, "ngettext": (1, 2)}
    found = set()
    for path in templates():
        source = templatize(path.read_text("utf-8")).encode()
        found |= {entry[1] for entry in extract("python", io.BytesIO(source), known)}
    return found


def words_of_contexts() -> set[str]:
    """Return the words that are put into a mail from elsewhere."""
    with translation.override(None):
        kinds = [*LeaveRequest.Kind.labels, *Incident.Kind.labels]
    return {*map(str, kinds), "%(first)s to %(last)s"}


def catalogue(code: str):
    with PLACES[code].open("rb") as file:
        return read_po(file, locale=PLACES[code].parents[1].name)


def test_the_eight_languages_have_a_catalogue_each():
    assert set(LANGUAGES) == {"en", "fr", "zh-hans", "zh-hant", "ja", "de", "es", "it"}
    assert all(place.is_file() for place in PLACES.values())


@pytest.mark.parametrize("code", TRANSLATED)
def test_a40_every_word_of_every_mail_is_translated(code):
    wanted = words_of_templates() | words_of_contexts()
    known = {entry.id for entry in catalogue(code) if entry.string}
    assert wanted - known == set()


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_fills_in_the_same_values(code):
    for entry in catalogue(code):
        if not entry.id:
            continue
        forms = entry.id if entry.pluralizable else [entry.id]
        given = entry.string if entry.pluralizable else [entry.string]
        asked = {frozenset(WORD.findall(form)) for form in forms}
        for text in given:
            assert text, entry.id
            assert frozenset(WORD.findall(text)) in asked, (entry.id, text)


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_translation_is_left_over_from_an_earlier_wording(code):
    wanted = words_of_templates() | words_of_contexts()
    known = {entry.id for entry in catalogue(code) if entry.id}
    assert known - wanted == set()


@pytest.mark.parametrize("code", TRANSLATED)
def test_each_number_finds_its_form(code):
    made = catalogues.made(PLACES[code])
    with made.open("rb") as file:
        found = gettext.GNUTranslations(file)
    forms = {
        found.ngettext("It works for %(minutes)s minute.", "x", number)
        for number in (0, 1, 2, 5, 11, 100)
    }
    assert len(forms) == (1 if code in {"ja", "zh-hans", "zh-hant"} else 2)
    assert "x" not in forms


def test_pages_stay_in_one_language_whoever_looks_at_them(browser_of, alice, acme):
    with use(acme):
        User.objects.filter(pk=alice.pk).update(language="de")
    page = browser_of("alice").get("/workflow/mywork/").text
    assert '<html lang="en"' in page
    assert "Anmelden" not in page


def test_a_mail_is_in_the_language_of_its_reader(in_acme):
    message = MailMessage(template="accounts/password_changed", language="ja")
    assert languages.chosen(message.language, "de") == "ja"
    assert languages.chosen("", "de") == "de"
    assert languages.chosen("de-AT", "") == "de"
    assert languages.chosen("tlh", "") == "en"


def test_words_for_a_mail_are_made_in_its_language(in_acme):
    with mail.spoken_to("fr"):
        assert str(LeaveRequest.Kind.SICK.label) == "Congé maladie"
    assert str(LeaveRequest.Kind.SICK.label) == "Sick leave"


def test_a_catalogue_that_is_older_than_its_source_is_made_anew(tmp_path, settings):
    place = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    place.parent.mkdir(parents=True)
    place.write_bytes(PLACES["de"].read_bytes())
    assert catalogues.stale(tmp_path) == [place]
    assert catalogues.build(tmp_path) == [catalogues.made(place)]
    assert catalogues.build(tmp_path) == []
    assert sorted(path.name for path in place.parent.iterdir()) == [
        "django.mo",
        "django.po",
    ]


def test_the_start_warns_of_catalogues_that_are_not_made(monkeypatch, tmp_path):
    assert checks.catalogues_are_made(None) == []
    place = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    monkeypatch.setattr(catalogues, "stale", lambda: [place])
    warned = checks.catalogues_are_made(None)
    assert [message.id for message in warned] == ["accounts.W010"]
    assert "de" in warned[0].msg
