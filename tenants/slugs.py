"""The short name of a tenant: the first part of its address."""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from tenants.errors import SlugInvalid

SHORTEST: Final = 3
LONGEST: Final = 32
SHAPE: Final = re.compile(r"[a-z](-?[a-z0-9])+\Z")
RESERVED_FILE: Final = Path(__file__).with_name("reserved_slugs.txt")


@cache
def reserved() -> frozenset[str]:
    """Return the slugs that nobody gets."""
    lines = RESERVED_FILE.read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def problem_of(slug: str) -> str:
    """Return what is wrong with a slug, in words; empty where nothing is."""
    if not SHORTEST <= len(slug) <= LONGEST:
        return _("An address has 3 to 32 characters.")
    if not SHAPE.match(slug):
        return _(
            "An address has the letters a to z, digits and single hyphens;"
            " it starts with a letter and ends with a letter or digit."
        )
    if slug in reserved():
        return _("This address is kept for the platform; choose another one.")
    return ""


def check(slug: str) -> str:
    """Return the slug. Raises SlugInvalid with what is wrong."""
    problem = problem_of(slug)
    if problem:
        raise SlugInvalid(problem)
    return slug


def suggest(name: str) -> str:
    """Return a slug made of an organisation's name; empty where none can be made."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    slug = words.lstrip("0123456789-")[:LONGEST].strip("-")
    if slug in reserved():
        slug = f"{slug}-team"
    return slug if not problem_of(slug) else ""
