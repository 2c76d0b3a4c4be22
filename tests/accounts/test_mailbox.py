"""The development mailbox shows its own schema's mails, as they are."""

import json

import pytest
from django.test import override_settings
from django.urls import clear_url_caches, set_urlconf

from accounts import mail
from accounts.mail import devbox, outbox
from tenants.context import use, use_control

BOB = "bob@acme.test"


@pytest.fixture
def development(settings):
    """Mount the routes as development does."""
    import importlib

    from config import development, public_urls, urls

    def mount():
        importlib.reload(development)
        importlib.reload(public_urls)
        importlib.reload(urls)
        clear_url_caches()
        set_urlconf(None)

    with override_settings(DEBUG=True, DEVELOPMENT_MODE=True):
        mount()
        yield
    mount()


def send(context, code="K7MPXW"):
    with context:
        mail.put(
            "accounts/reset_code",
            to=BOB,
            context={"minutes": 10},
            secret_context={"code": code},
        )
        outbox.run_due(100)


def test_the_mailbox_is_not_there_outside_development(visitor, db):
    for path in ("/dev/mailbox/", "/dev/mailbox.json"):
        assert visitor().get(path).status_code == 404
        assert visitor("localhost").get(path).status_code == 404


def test_an_empty_mailbox_says_what_to_do(development, visitor, db):
    answer = visitor().get("/dev/mailbox/")
    assert answer.status_code == 200
    assert "No mail yet" in answer.text


def test_a_mail_is_read_as_page_as_text_and_as_json(development, visitor, acme):
    send(use(acme))
    page = visitor().get("/dev/mailbox/")
    assert "Your code for a new password at Acme" in page.text
    assert 'sandbox="allow-popups"' in page.text
    with use(acme):
        letter_id = devbox.letters()[0].id
    text = visitor().get(f"/dev/mailbox/{letter_id}/?part=text")
    assert "K7MPXW" in text.text
    html = visitor().get(f"/dev/mailbox/{letter_id}/html")
    assert "K7MPXW" in html.text
    assert "default-src 'none'" in html["Content-Security-Policy"]
    assert "sandbox" in html["Content-Security-Policy"]
    assert html["X-Frame-Options"] == "SAMEORIGIN"
    listed = json.loads(visitor().get("/dev/mailbox.json").content)
    assert {"id", "to", "subject", "text", "html", "sent_at"} <= set(listed[0])
    assert listed[0]["to"] == [BOB]


def test_each_schema_shows_its_own_mails_only(development, visitor, acme, globex):
    send(use(acme), "AAAAAA")
    send(use(globex), "BBBBBB")
    send(use_control(), "CCCCCC")
    codes = {"AAAAAA": "acme.localhost", "BBBBBB": "globex.localhost"}
    codes |= {"CCCCCC": "localhost"}
    for code, host in codes.items():
        listed = visitor(host).get("/dev/mailbox.json").text
        assert [other for other in codes if other in listed] == [code]
    with use(acme):
        letter_id = devbox.letters()[0].id
    assert (
        visitor("globex.localhost").get(f"/dev/mailbox/{letter_id}/").status_code == 404
    )


@pytest.mark.parametrize("name", ["nonsense", "0" * 32, "..%2F..%2Fsecret", "%00"])
def test_a_mail_that_is_not_there_is_a_404(development, visitor, db, name):
    assert visitor().get(f"/dev/mailbox/{name}/").status_code == 404
    assert visitor().get(f"/dev/mailbox/{name}/html").status_code == 404


def test_the_newest_two_hundred_are_kept(in_acme):
    from accounts.mail.devbox import Letter

    for number in range(205):
        devbox.keep(
            Letter(f"{number:032d}", "a", [BOB], [], f"{number}", "", "", "2026")
        )
    kept = devbox.letters()
    assert len(kept) == 200
    assert (kept[0].subject, kept[-1].subject) == ("204", "5")
    devbox.clear()
    assert devbox.letters() == []


def test_the_mailbox_has_no_link_to_itself_in_its_header(development, visitor, db):
    header = visitor().get("/dev/mailbox/").text.split("</header>")[0]
    assert "Back to the site" in header
    assert "/dev/mailbox/" not in header
