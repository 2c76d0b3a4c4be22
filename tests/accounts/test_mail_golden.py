"""Every mail as it left before: a changed word or style is seen before it is sent.

    GOLDEN=write .venv/bin/python -m pytest tests/accounts/test_mail_golden.py

writes the samples anew; look at the difference before it is committed. There is one for
each mail and tenant: acme has little of its own, globex a brand with everything.
"""

import os
import re
from pathlib import Path

import pytest

from tenants.context import use
from tests.accounts import mails
from tests.accounts.mails import FOUND, PLAIN, RICH, rendered

FOLDER = Path(__file__).with_name("golden")
BRANDS = {"acme": PLAIN, "globex": RICH}


def normalised(html: str) -> str:
    """Return the HTML with a tag a line, so that a difference can be read."""
    lines = re.sub(r">\s*<", ">\n<", html).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) + "\n"


def compared(path: Path, content: str) -> None:
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    assert path.read_text("utf-8") == content


@pytest.mark.parametrize("slug", BRANDS)
@pytest.mark.parametrize("template", FOUND)
def test_a_mail_looks_as_it_did(request, template, slug):
    tenant = request.getfixturevalue(slug)
    base = FOLDER / slug / template.replace("/", "-")
    with use(tenant):
        mails.wear(BRANDS[slug])
        message = rendered(template)
    compared(base.with_suffix(".txt"), f"{message.subject}\n\n{message.text}")
    compared(base.with_suffix(".html"), normalised(message.html))


def test_there_is_no_sample_of_a_mail_that_is_gone():
    wanted = {
        f"{slug}/{template.replace('/', '-')}{ending}"
        for slug in BRANDS
        for template in FOUND
        for ending in (".txt", ".html")
    }
    found = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    assert found == wanted
