"""A module is loaded in no context, whoever needs it first.

The querysets of its forms and views would be the first tenant's for good.
"""

from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from typing import Any

from tenants.context import adopt, current_or_none
from tenants.db.hooks.places import Method, replace


def install() -> None:
    for loader in (SourceFileLoader, SourcelessFileLoader):
        replace(loader, "exec_module", in_no_context)


def in_no_context(execute: Method) -> Method:
    def loaded(self: Any, module: Any) -> None:
        if current_or_none() is None:
            execute(self, module)
            return
        token = adopt(None)
        try:
            execute(self, module)
        finally:
            token.var.reset(token)

    return loaded
