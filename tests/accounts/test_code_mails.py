"""A code can be asked for again: in the reader's language, in the tenant's name."""

from datetime import timedelta

import pytest
from django.conf import settings

from accounts import registration
from accounts.models import User
from kernel import clock
from tenants.context import use
from tests.accounts.conftest import GOOD_PASSWORD, code_in

pytestmark = pytest.mark.django_db
LANGUAGES = [code for code, _label in settings.MAIL_LANGUAGES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_w23_a_code_is_sent_again_in_the_language_that_was_asked_for(
    acme, letters, language, frozen_clock
) -> None:
    with use(acme):
        flow = registration.register(
            email="dave@example.org",
            first_name="Dave",
            last_name="Doe",
            password=GOOD_PASSWORD,
            language=language,
        )
        clock.advance(timedelta(seconds=61))
        assert registration.resend(email="dave@example.org", flow=flow) == flow
    again, first = letters("dave@example.org")
    assert code_in(again) != code_in(first)
    assert again.subject == first.subject
    assert f'lang="{language}"' in again.html.lower()


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_w23_every_flow_speaks_in_the_name_of_its_tenant(
    request, post, letters, slug
) -> None:
    tenant = request.getfixturevalue(slug)
    host = f"{slug}.localhost"
    body = {"firstName": "Dave", "lastName": "Doe", "email": "dave@example.org"}
    post("/api/accounts/register", {**body, "password": GOOD_PASSWORD}, host=host)
    with use(tenant):
        alice = User.objects.get(username="alice").email
    post("/api/accounts/forgot-password", {"email": alice}, host=host)
    for address in ("dave@example.org", alice):
        letter = letters(address, tenant)[0]
        assert tenant.name in letter.subject
        assert tenant.name in letter.sender
