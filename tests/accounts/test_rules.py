"""Passwords, addresses, colours and settings: the pure rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import addresses, branding, checks, colours, passwords
from accounts.errors import (
    EmailInvalid,
    PasswordCommon,
    PasswordContextual,
    PasswordTooLong,
    PasswordTooShort,
)
from accounts.models import TenantBranding, User


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("a", PasswordTooShort),
        ("quiet river boa", None),
        ("quiet river bo", PasswordTooShort),
        ("x" * 1025, PasswordTooLong),
        ("lamp" * 16 + "s", None),
        ("123456789012345", PasswordCommon),
        ("QWERTYUIOPASDFGHJKL", PasswordCommon),
        ("aaaaaaaaaaaaaaaaaaaa", PasswordCommon),
        ("openopenopenopenopen", PasswordCommon),
        ("Password!Password!", PasswordCommon),
        ("acme-company-2026", PasswordContextual),
        ("tenantry-2026-2026", PasswordContextual),
        ("acme sells many anvils", None),
        ("quiet river bo\uff41", None),
    ],
)
def test_what_a_password_must_be(in_acme, password, error):
    if error is None:
        passwords.check(password)
        return
    with pytest.raises(error):
        passwords.check(password)


def test_a_password_is_not_built_on_the_own_name(in_acme):
    with pytest.raises(PasswordContextual):
        passwords.check("roberta-2026-roberta", context=("Roberta",))


def test_composed_and_decomposed_letters_are_one_password():
    user = User(password=passwords.hashed("caf\u00e9 au lait, dear"))
    assert passwords.matches(user, "cafe\u0301 au lait, dear")
    assert not passwords.matches(user, "cafe au lait, dear")


def test_long_passwords_differ_after_their_first_72_bytes():
    user = User(password=passwords.hashed("x" * 72 + "a"))
    assert not passwords.matches(user, "x" * 72 + "b")
    assert user.password.startswith("argon2$argon2id$")


@pytest.mark.parametrize(
    ("typed", "norm"),
    [
        ("Newcomer@Example.ORG", "newcomer@example.org"),
        ("newcomer+x@example.org", "newcomer+x@example.org"),
        ("newcomer@b\u00fccher.example", "newcomer@xn--bcher-kva.example"),
        ("STRASSE@x.org", "strasse@x.org"),
        ("stra\u00dfe@x.org", "strasse@x.org"),
    ],
)
def test_addresses_are_compared_in_one_form(typed, norm):
    assert addresses.normalise(typed) == norm
    assert addresses.normalise(norm) == norm


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_an_address(text):
    try:
        norm = addresses.normalise(text)
    except EmailInvalid:
        return
    assert addresses.normalise(norm) == norm
    assert len(norm) <= 254


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_user_name(text):
    assert isinstance(addresses.normalise_username(text), str)


def test_addresses_are_masked():
    assert addresses.mask("bob@x.org") == "b***b@x.org"
    assert addresses.mask("nonsense") == "***"


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_every_colour_is_moved_until_it_can_be_read(colour):
    fill, text = colours.fill(colour)
    assert colours.ratio(fill, text) >= 4.5
    assert colours.ratio(fill, "#ffffff") >= 3


def test_a_colour_that_can_be_read_stays():
    assert colours.fill("#3d56c5") == ("#3d56c5", "#ffffff")
    assert colours.fill("nonsense") == ("#000000", "#ffffff")


def test_the_style_sheet_holds_the_tenants_colours_and_its_version_follows(in_acme):
    TenantBranding.objects.update(accent="#ffd400")
    before = branding.current()
    assert before.light.accent in branding.stylesheet()
    assert before.light.accent != "#ffd400"
    TenantBranding.objects.update(accent="#0f766e")
    assert branding.current().version != before.version
    assert branding.stylesheet().startswith(":root{--accent:#0f766e;--on-accent:#fff")


def test_a_colour_that_came_around_the_form_never_reaches_the_style_sheet(in_acme):
    TenantBranding.objects.update(accent="}x{")
    assert "}x{" not in branding.stylesheet()


def test_the_brand_falls_back_to_the_tenant_and_the_product(in_acme):
    TenantBranding.objects.all().delete()
    assert branding.current().name == "Acme"
    from tenants.context import use_control

    with use_control():
        assert branding.current().name == "Tenantry"


def test_other_dangerous_settings_stop_the_start(settings, tmp_path):
    settings.ACCOUNTS_SECRET_KEYS = []
    assert [e.id for e in checks.secret_keys_are_there(None)] == ["accounts.E005"]
    settings.NINJA_SIMPLE_JWT = {}
    assert [e.id for e in checks.token_library_is_tamed(None)] == ["accounts.E012"]
    assert [e.id for e in checks.mailbox_is_for_development(None)] == ["accounts.E020"]


def test_half_a_key_or_a_readable_one_stops_the_start(settings, tmp_path):
    settings.JWT_KEY_DIR = tmp_path
    (tmp_path / "jwt-signing.pem").write_text("x")
    (tmp_path / "jwt-signing.pem").chmod(0o644)
    assert [e.id for e in checks.signing_keys_are_whole(None)] == ["accounts.E011"]
    (tmp_path / "jwt-signing.pem").chmod(0o600)
    assert checks.signing_keys_are_whole(None) == []
    settings.JWT_PRIVATE_KEY = "x"
    assert [e.id for e in checks.signing_keys_are_whole(None)] == ["accounts.E010"]


def test_the_project_itself_passes_every_check():
    for check in (
        checks.settings_are_valid,
        checks.delivery_has_a_sender,
        checks.workflow_keys_are_known,
        checks.secret_keys_are_there,
        checks.signing_keys_are_whole,
        checks.token_library_is_tamed,
    ):
        assert check(None) == []
