"""Text from outside, made fit to be stored."""

import unicodedata

from kernel.errors import Invalid


def storable(text: str) -> bool:
    """Tell whether PostgreSQL can store the text: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def require_storable(**fields: str | None) -> None:
    """Raise Invalid (`invalid_text`) naming the first field that cannot be stored."""
    for name, value in fields.items():
        if value is not None and not storable(value):
            raise Invalid(
                f"{name} holds a character that cannot be stored.",
                code="invalid_text",
                extra={"errors": [{"field": name}]},
            )


def has_controls(text: str) -> bool:
    """Tell whether the text holds a control character, line breaks included."""
    return any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text)
