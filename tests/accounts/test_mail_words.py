"""What every mail says: whose it is, why it came, and no code in its subject."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts import mail
from accounts.mail import rendering
from tenants.context import use
from tests.accounts.mails import words_of

CODE = "K7MPXW"
URL = "http://acme.localhost/x"
ITEM = {"title": "Holiday", "activity": "Approve", "requester": "Alice", "url": URL}
CONTEXT = {
    "person": "Alice O'Acme",
    "first_name": "Alice",
    "name": "Acme & Sons",
    "minutes": 10,
    "days": 7,
    "kind": "Holiday",
    "span": "3 to 4 August",
    "leave": "Holiday, 3 to 4 August",
    "decided_by": "Bob",
    "workspaces": [{"name": "Acme", "url": URL}],
    "domain": "desk.acme.test",
    "record": "_tenantry.desk.acme.test",
    "value": "tenantry-verify=0123",
    "items": [ITEM],
    "count": 1,
    "title": "Holiday",
    "subject": "About your holiday",
    "text": "It was granted.",
    "process": "leave",
    "activity": "Approve",
    "incident": "automatic work failed",
    "message": "RuntimeError",
    "role": "admin",
    "address": "n***w@acme.test",
    "change": "added",
    "device": "Firefox on Linux",
    "at": "2026-08-03T12:05:00+00:00",
    "zone": "Europe/Berlin",
    "token": "Nightly export",
    "url": URL,
}
FOUND = sorted(
    f"{path.parents[1].name}/{path.name.removesuffix('.subject.txt')}"
    for app in ("accounts", "tenants", "workflow", "platform/leave")
    for path in Path(settings.ROOT, app).glob("templates/*/mail/*.subject.txt")
)


@pytest.fixture
def rendered(acme):
    def render(template: str) -> rendering.Rendered:
        with use(acme):
            message = mail.put(
                template,
                to="alice@acme.test",
                context=CONTEXT,
                secret_context={"code": CODE, "url": URL},
            )
            return rendering.render(message)

    return render


def test_the_mails_of_every_app_are_found():
    assert {name.split("/")[0] for name in FOUND} == {
        "accounts",
        "leave",
        "tenants",
        "workflow",
    }
    assert len(FOUND) >= 11


@pytest.mark.parametrize("template", FOUND)
def test_a_mail_names_its_sender_and_why_it_came_in_both_parts(rendered, template):
    message = rendered(template)
    reason = re.search(r"Acme sent this mail because [^.]+\.", message.text)
    assert reason
    assert reason[0] in words_of(message.html)
    assert "http://acme.localhost" in message.text.splitlines()[-1]


@pytest.mark.parametrize("template", FOUND)
def test_a_subject_is_one_short_line_without_a_code(rendered, template):
    subject = rendered(template).subject
    assert 0 < len(subject) <= 60
    assert "\n" not in subject
    assert CODE not in subject


@pytest.mark.parametrize("template", FOUND)
def test_what_the_mail_asks_for_stands_in_both_parts(rendered, template):
    message = rendered(template)
    for wanted in (CODE, URL):
        assert (wanted in message.text) == (wanted in message.html), wanted
    # A test asks for nothing.
    asks = template != "accounts/test_message"
    assert (CODE in message.text or URL in message.text) is asks


@pytest.mark.parametrize("template", FOUND)
def test_a_text_has_no_markup_and_no_gaps(rendered, template):
    text = rendered(template).text
    assert not re.search(r"<[a-z]|&[a-z#0-9]+;", text)
    assert "\n\n\n" not in text
    assert text == text.lstrip()


@pytest.mark.parametrize("template", FOUND)
def test_a_mail_is_in_the_colour_of_its_tenant(rendered, template):
    message = rendered(template)
    assert message.brand.light.primary in message.html
    assert message.brand.name in words_of(message.html)
