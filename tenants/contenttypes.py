"""Content types are numbered in each schema, so their cache knows whose they are."""

from collections import OrderedDict
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django.contrib.contenttypes.models import ContentTypeManager

from tenants.context import current_or_none

MOST_CONTEXTS: Final = 256


class CacheByContext:
    """Stands for `ContentTypeManager._cache`: another dictionary in each context."""

    def __init__(self) -> None:
        self._caches: OrderedDict[UUID, dict[Any, Any]] = OrderedDict()
        self._lock = Lock()

    def __get__(self, manager: object, owner: type | None = None) -> dict[Any, Any]:
        context = current_or_none()
        if context is None:
            return {}
        with self._lock:
            cache = self._caches.setdefault(context.uuid, {})
            self._caches.move_to_end(context.uuid)
            if len(self._caches) > MOST_CONTEXTS:
                self._caches.popitem(last=False)
            return cache

    def __set__(self, manager: object, value: dict[Any, Any]) -> None:
        """Ignore the one dictionary for all that a manager is made with."""


def install() -> None:
    """Put the cache by context in the place of the process-wide one."""
    manager: Any = ContentTypeManager
    manager._cache = CacheByContext()  # noqa: SLF001 - Django offers no other way in
