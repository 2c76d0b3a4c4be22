"""What people and tenants call themselves never becomes a part of a mail's form."""

from html.parser import HTMLParser

import pytest

from accounts import mail
from accounts.mail import outbox
from accounts.models import TenantBranding

BOB = "bob@acme.test"
MARKUP = '<script>alert(1)</script><a href="//x.test">y</a>"\'&'


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Return the tags that a reader of the mail finds."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Reader().feed(html)
    return found


@pytest.mark.parametrize("place", ["person", "name", "footer", "sender_name", "url"])
def test_a34_w14_markup_in_names_brand_footer_and_links_is_escaped(clean, smtp, place):
    context = {"person": "Bob", "url": "http://acme.localhost/x"}
    if place in context:
        context[place] = MARKUP
    else:
        TenantBranding.objects.update(**{place: MARKUP[:60]})
    mail.put("accounts/password_changed", to=BOB, context=context)
    outbox.run_due(10)
    html = smtp.message().get_body(("html",)).get_content()
    tags = tags_of(html)
    assert "script" not in [tag for tag, _ in tags]
    assert "//x.test" not in [attributes.get("href") for _, attributes in tags]


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@x.org", "a\nb"])
@pytest.mark.parametrize("place", ["name", "sender_name"])
def test_a34_w15_a_brand_with_a_control_character_ends_no_header(
    clean, smtp, place, bad
):
    TenantBranding.objects.update(**{place: bad})
    mail.put("accounts/password_changed", to=BOB, context={"person": "Bob"})
    outbox.run_due(10)
    for envelope in smtp.taken:
        assert envelope.rcpt_tos == [BOB]
    for n in range(len(smtp.taken)):
        assert smtp.message(n)["Bcc"] is None


def test_a34_a_line_break_in_a_value_of_a_subject_stays_in_its_line(clean, smtp):
    TenantBranding.objects.update(name="Acme\r\nBcc: x@x.org")
    TenantBranding.objects.update(sender_name="Acme")
    mail.put("accounts/password_changed", to=BOB, context={"person": "Bob"})
    outbox.run_due(10)
    message = smtp.message()
    assert "\n" not in message["Subject"]
    assert message["Bcc"] is None
    assert smtp.taken[0].rcpt_tos == [BOB]
