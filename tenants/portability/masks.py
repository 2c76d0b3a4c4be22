"""Ways to write a value so that it names nobody, always the same for the same row."""

import json
from typing import Any

from tenants.portability.policies import Mask


def nothing(value: str, key: str) -> str:  # noqa: ARG001 - the signature of a mask
    """Return nothing."""
    return ""


def numbered(word: str) -> Mask:
    """Return a mask that writes a word and the row's key: `Person 7`."""

    def mask(value: str, key: str) -> str:
        return f"{word} {key}" if value else ""

    return mask


def address(value: str, key: str) -> str:
    """Return an address that no mail reaches; nothing stays nothing."""
    return f"person-{key}@example.invalid" if value else ""


def name_or_address(value: str, key: str) -> str:
    """Return a name to sign in with; one that was an address stays one."""
    return address(value, key) if "@" in value else f"person-{key}"


def fixed(text: str) -> Mask:
    """Return a mask that writes the same everywhere, also where nothing stood."""

    def mask(value: str, key: str) -> str:  # noqa: ARG001 - the signature of a mask
        return text

    return mask


def texts_in_json(value: str, key: str) -> str:  # noqa: ARG001 - the signature of a mask
    """Return JSON in which every text is empty; names, numbers and shape stay."""
    return json.dumps(without_texts(json.loads(value)))


def without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_texts(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_texts(part) for part in value]
    return "" if isinstance(value, str) else value
