"""One-time codes by time, compared with another implementation."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import totp

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_examples_of_the_standard_hold(seconds, code):
    assert totp.code_of(RFC_SECRET, seconds // totp.SECONDS) == code


@given(st.integers(0, 2**33), st.binary(min_size=20, max_size=20))
def test_every_code_is_that_of_another_implementation(seconds, raw):
    import base64

    secret = base64.b32encode(raw).decode()
    assert totp.code_of(secret, seconds // 30) == pyotp.TOTP(secret).at(seconds)


@pytest.mark.parametrize(
    ("seconds", "counts"),
    [(0, True), (30, True), (-30, True), (60, False), (-60, False)],
)
def test_a_code_counts_one_step_around_its_own(seconds, counts):
    secret = totp.new_secret()
    code = totp.code_of(secret, totp.step_at(NOON))
    found = totp.matching_step(secret, code, at=NOON + timedelta(seconds=seconds))
    assert (found is not None) is counts


@given(st.text(max_size=40))
def test_no_text_breaks_the_comparison(text):
    found = totp.matching_step(RFC_SECRET, text, at=NOON)
    assert found is None or text.strip()


def test_a_secret_has_160_bits_and_no_two_are_equal():
    made = {totp.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(secret) for secret in made} == {32}


def test_the_address_of_the_qr_code_is_read_by_another_implementation():
    uri = totp.uri(RFC_SECRET, issuer="Acme: & Söhne", account="bob@acme.test")
    read = pyotp.parse_uri(uri)
    assert read.secret == RFC_SECRET
    assert (read.name, read.issuer) == ("bob@acme.test", "Acme  & Söhne")
    assert parse_qs(urlsplit(uri).query)["period"] == ["30"]
