"""Statements that must be one statement, each in a file under a sentence."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def text(name: str) -> str:
    """Return a statement, with named parameters and no schema's name."""
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
