"""The frame of every mail, as it leaves after inlining."""

import css_inline
import pytest
from django.template import engines
from django.template.loader import render_to_string

from accounts.branding import palette
from accounts.branding.palette import Chosen

COLOURS = palette.made(Chosen(accent="#0f766e"), product="#3d56c5")
BRAND = {
    "name": "Acme",
    "initial": "A",
    "light": COLOURS.light,
    "dark": COLOURS.dark,
    "footer": "Acme, 1 Main Street",
}
MAIL = """{% extends "mail_base.html" %}
{% block preheader %}Your code is K7MPXW{% endblock %}
{% block heading %}Your code{% endblock %}
{% block body %}<p class="code">K7MPXW</p>{% endblock %}
{% block action %}<a class="button" href="https://acme.test/">Open</a>{% endblock %}"""


@pytest.fixture
def mail() -> str:
    values = {"brand": BRAND, "site_url": "https://acme.test", "reason": "You asked."}
    html = engines["django"].from_string(MAIL).render(values)
    return css_inline.CSSInliner(keep_at_rules=True).inline(html)


def test_the_brand_is_on_the_mail(mail):
    assert ">Acme</td>" in mail
    assert mail.count("background-color: #0f766e") >= 3
    assert "Acme, 1 Main Street" in mail


def test_the_styles_stand_on_the_elements(mail):
    assert '<p class="code" style="' in mail
    assert "letter-spacing: 7px" in mail


def test_the_dark_theme_and_the_phone_survive_inlining(mail):
    assert "@media (prefers-color-scheme: dark)" in mail
    assert "@media (max-width: 480px)" in mail
    assert '<meta name="color-scheme" content="light dark">' in mail


def test_the_mail_says_why_it_was_sent(mail):
    assert "You asked." in mail


def test_a_mail_without_a_reason_gives_the_plain_one():
    html = render_to_string("mail_base.html", {"brand": BRAND})
    assert "Acme sent this mail because" in html


def test_nothing_is_fetched_when_a_mail_is_read(mail):
    assert "<img" not in mail
    assert "url(" not in mail
    assert "<link" not in mail
