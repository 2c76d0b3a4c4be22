"""How a function of Django's gives way to one that asks first."""

import functools
from collections.abc import Callable
from typing import Any

from tenants import stamp

Method = Callable[..., Any]


def replace(owner: Any, name: str, make: Callable[[Method], Method]) -> None:
    """Put what `make` makes of a function in that function's place."""
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(make(original)))


def about_its_objects(method: Method) -> Method:
    """Ask about the instances among the arguments."""

    def asked(self: Any, *objs: Any, **kwargs: Any) -> Any:
        stamp.check_all((*objs, *kwargs.values()))
        return method(self, *objs, **kwargs)

    return asked


def about_its_list(method: Method) -> Method:
    """Ask about the instances in the first argument."""

    def asked(self: Any, objs: Any, *args: Any, **kwargs: Any) -> Any:
        objs = list(objs)
        stamp.check_all(objs)
        return method(self, objs, *args, **kwargs)

    return asked
