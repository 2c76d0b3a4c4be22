"""DOM-8: what `deploy/Caddyfile` says fits what Tenantry answers."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tenants.domains import asking

CADDYFILE = Path(settings.ROOT, "deploy", "Caddyfile").read_text("utf-8")
LINES = [line.strip() for line in CADDYFILE.splitlines() if "#" not in line]


def block(head: str) -> str:
    """Return what stands in a block, by its indentation."""
    found = re.search(
        rf"^{re.escape(head)} {{\n(.*?)^}}", CADDYFILE, re.DOTALL | re.MULTILINE
    )
    assert found is not None, head
    return found[1]


def test_dom_8_caddy_asks_through_a_door_of_its_own_that_adds_the_secret() -> None:
    (ask,) = [line for line in LINES if line.startswith("ask ")]
    assert ask == f"ask http://127.0.0.1:2020{asking.PATH}"
    door = block("http://127.0.0.1:2020")
    assert "bind 127.0.0.1" in door
    assert f"header_up {asking.SECRET_HEADER} {{$TENANTRY_ASK_SECRET}}" in door


def test_dom_8_nothing_internal_is_reached_from_outside() -> None:
    for head in ("{$TENANTRY_PUBLIC_HOSTS}", "https://"):
        assert "import tenantry" in block(head)
    everywhere = block("(tenantry)")
    assert "@internal path /internal/*" in everywhere
    assert f"header_up -{asking.SECRET_HEADER}" in everywhere


@pytest.mark.parametrize(
    "line", ["storage file_system {", "on_demand", "encode zstd gzip"]
)
def test_dom_8_certificates_are_shared_and_made_on_demand(line: str) -> None:
    assert line in LINES
