"""Read the environment, or fail loudly: a wrong value never becomes a default."""

import os
import warnings

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off", ""})


class BadVariable(ValueError):
    """An environment variable has a value that cannot be read."""


class OldName(FutureWarning):
    """An environment variable is set under its old name.

    A FutureWarning is shown to the person who starts the program; Python keeps a
    DeprecationWarning to itself.
    """


def text(name: str, default: str = "") -> str:
    """Return the variable, stripped; `default` where it is unset."""
    return os.environ.get(name, default).strip()


def is_set(name: str) -> bool:
    """Tell whether the variable is there, be it empty."""
    return name in os.environ


def take_over(old: str, name: str) -> None:
    """Let the variable of an old name count under its new one, with one warning.

    Raises BadVariable where both are set and differ.
    """
    if not text(old):
        return
    if text(name) and text(name) != text(old):
        raise BadVariable(f"{name} and its old name {old} differ; unset {old}.")
    if not text(name):
        os.environ[name] = os.environ[old]
        warnings.warn(f"{old} is now called {name}.", OldName, stacklevel=2)


def flag(name: str, default: bool = False) -> bool:  # noqa: FBT001, FBT002 - reads as flag("DEBUG", True)
    """Return a boolean: true/1/yes/on or false/0/no/off/empty, in any case."""
    if name not in os.environ:
        return default
    word = os.environ[name].strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise BadVariable(f"{name} is {word!r}; use true or false.")


def number(
    name: str, default: int, *, low: int | None = None, high: int | None = None
) -> int:
    """Return a whole number within `low` and `high`, both included."""
    raw = text(name)
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise BadVariable(f"{name} is {raw!r}; use a whole number.") from None
    if (low is not None and value < low) or (high is not None and value > high):
        raise BadVariable(f"{name} is {value}; it must lie in {low} to {high}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Return the items of a comma list, stripped, without empty ones."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    """Return one of the words in `of`."""
    value = text(name) or default
    if value not in of:
        raise BadVariable(f"{name} is {value!r}; use one of {', '.join(of)}.")
    return value
