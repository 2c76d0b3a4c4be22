"""The account side of the demo: looks, a guest, a program, and nobody's secret."""

import re
import time

import pytest
from django.db import connection
from PIL import Image

from accounts import branding
from accounts.models import ApiToken, Invitation, MailMessage, TenantBranding, User
from accounts.token_text import MARKS
from leave.demo.cast import ADMIN, PEOPLE, TENANTS
from leave.demo.entrances import open_all
from leave.demo.logo import VARIANTS, drawn
from tenants.context import use


@pytest.fixture
def opened(acme):
    with use(acme):
        open_all(TENANTS[0], by=User.objects.get(username="admin"))


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.usefixtures("opened")
def test_a_guest_is_invited_and_a_program_has_a_token(acme):
    with use(acme):
        invited = Invitation.objects.get()
        token = ApiToken.objects.select_related("user", "created_by").get()
        assert (invited.email, invited.role) == ("newcomer@acme.test", "member")
        assert (token.user.kind, token.user.username) == ("service", "Payroll")
        assert token.created_by.username == "admin"
        assert token.scopes == ["profile:read", "users:read"]


@pytest.mark.usefixtures("opened")
def test_no_text_of_the_programs_token_is_kept_anywhere(acme, caplog):
    with use(acme), connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row for (row,) in cursor.fetchall()]
    written = "\n".join([*found, caplog.text])
    assert "Payroll" in written
    assert not re.search(rf"({'|'.join(MARKS.values())})_[0-9A-Za-z]{{8}}_", written)


@pytest.mark.usefixtures("opened")
def test_the_logo_is_a_picture_that_both_themes_show(acme, visitor):
    with use(acme):
        brand = branding.current()
        row = TenantBranding.objects.get()
    assert brand.logo
    assert brand.logo_dark
    assert row.logo != row.logo_dark
    assert visitor().get(brand.logo)["Content-Type"] == "image/png"


def test_the_logo_of_a_name_is_always_the_same_picture():
    one, two = (drawn("Acme", "#0f766e", "light").getvalue() for _ in range(2))
    assert one == two
    with Image.open(drawn("Acme", "#0f766e", "dark")) as picture:
        assert picture.height == 120
        assert set(VARIANTS) == {"light", "dark"}


@pytest.mark.parametrize("demo", TENANTS, ids=lambda demo: demo.slug)
def test_the_demos_colours_pass_the_rules_of_the_page(acme, demo):
    with use(acme):
        open_all(demo, by=User.objects.get(username="admin"))
        row = TenantBranding.objects.get()
    assert {name: getattr(row, name) for name in demo.branding} == dict(demo.branding)
    assert bool(row.logo) == demo.has_logo


def test_the_tenants_of_the_demo_look_different():
    one, two = TENANTS
    shared = set(one.branding.items()) & set(two.branding.items())
    assert not shared
    assert one.has_logo != two.has_logo


def test_each_role_has_somebody_in_the_demo():
    """The owner is `admin`, made by provisioning."""
    assert {person.role for person in PEOPLE} == {"member", "admin"}
    assert ADMIN not in {person.username for person in PEOPLE}


def test_the_account_side_takes_no_time_to_speak_of(acme):
    with use(acme):
        begun = time.monotonic()
        open_all(TENANTS[0], by=User.objects.get(username="admin"))
        assert time.monotonic() - begun < 3
        assert MailMessage.objects.filter(category="invitation").count() == 1
