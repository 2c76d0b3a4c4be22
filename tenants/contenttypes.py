"""Content types are numbered in each schema, so their cache knows whose they are."""

from collections import OrderedDict
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django.contrib.contenttypes.models import ContentType, ContentTypeManager

from tenants.context import TenantInfo, current_or_none
from tenants.epochs import epoch_of

MOST_CONTEXTS: Final = 256
#: Where a manager that is not ContentType's own keeps its caches.
OWN: Final = "_caches_by_context"

Kept = dict[Any, Any]


class Caches:
    """A dictionary for each context; the least used of more than 256 goes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, str], Kept] = OrderedDict()
        self._lock = Lock()

    def of_context(self) -> Kept:
        """Return the dictionary of the present context; a lost one where none is."""
        context = current_or_none()
        if context is None:
            return {}
        epoch = epoch_of(context) if isinstance(context, TenantInfo) else ""
        with self._lock:
            kept = self._kept.setdefault((context.uuid, epoch), {})
            self._kept.move_to_end((context.uuid, epoch))
            if len(self._kept) > MOST_CONTEXTS:
                self._kept.popitem(last=False)
            return kept


class CacheByContext:
    """Stands for `ContentTypeManager._cache`: another dictionary in each context."""

    def __init__(self) -> None:
        self._caches = Caches()

    def __get__(self, manager: Any, owner: type | None = None) -> Kept:
        # A migration's managers make models of their own, which are nobody else's.
        if getattr(manager, "model", ContentType) is ContentType:
            return self._caches.of_context()
        own: Caches = manager.__dict__.setdefault(OWN, Caches())
        return own.of_context()

    def __set__(self, manager: object, value: Kept) -> None:
        """Ignore the one dictionary for all that a manager is made with."""


def install() -> None:
    """Put the cache by context in the place of the process-wide one."""
    manager: Any = ContentTypeManager
    manager._cache = CacheByContext()  # noqa: SLF001 - Django offers no other way in
