"""The types that a condition's names have."""

from typing import Literal

FieldType = Literal["string", "number", "boolean", "date", "choice"]
