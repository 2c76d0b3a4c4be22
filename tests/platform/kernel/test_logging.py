import pytest

from kernel.logging import mask, mask_address


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "token",
        "refresh",
        "code",
        "ticket",
        "flow",
        "Cookie",
    ],
)
def test_a_secret_is_in_no_line(key):
    assert mask(None, "info", {"event": "x", key: "hunter2"})[key] == "***"


def test_an_address_is_masked_wherever_it_stands():
    line = mask(None, "info", {"event": "sent to bob@x.org", "to": "alice@globex.test"})
    assert line == {"event": "sent to b***b@x.org", "to": "a***e@globex.test"}


def test_text_from_outside_brings_no_line_breaks():
    line = mask(None, "info", {"event": "x", "agent": "a\r\nlevel=error forged"})
    assert line["agent"] == "a level=error forged"


def test_text_without_an_address_stays():
    assert mask_address("nobody is here @ all") == "nobody is here @ all"
