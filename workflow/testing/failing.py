"""Let a registered handler fail, as it may in earnest, a number of times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workflow import handlers
from workflow.handlers import Registry


class ForcedFailure(RuntimeError):
    """A failure that a test asked for."""


@dataclass
class Failing:
    """Stands before a handler and raises until the failures are used up."""

    registry: Registry[Callable[..., Any]]
    name: str
    handler: Callable[..., Any]
    left: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.left > 0:
            self.left -= 1
            raise ForcedFailure(f"{self.name} was told to fail.")
        return self.handler(*args, **kwargs)

    def end(self) -> None:
        """Let the handler itself be called again."""
        self.registry.entries[self.name] = self.handler


def fail(handler: str | Callable[..., Any], *, times: int) -> Failing:
    """Let a handler, given by its name or itself, raise ForcedFailure so many times.

    Raises LookupError where it is not registered.
    """
    for registry, name, known in registered():
        if handler in (name, known):
            failing = Failing(registry, name, known, times)
            registry.entries[name] = failing
            return failing
    raise LookupError(f"No handler {handler!r} is registered.")


def registered() -> Iterator[tuple[Registry[Any], str, Callable[..., Any]]]:
    """Yield every handler that is a function, with its name and where it is kept."""
    for registry in vars(handlers).values():
        if isinstance(registry, Registry):
            for name, entry in list(registry.entries.items()):
                if callable(entry):
                    yield registry, name, entry
