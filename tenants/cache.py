"""Caches whose every key says whose value it is, and that no tenant can empty for all.

    CACHES = {"default": {"BACKEND": "tenants.cache.RedisCache", "LOCATION": "redis://"}}

A key reads `<prefix>:<uuid>:<epoch>:<version>:<key>`, in the control plane
`<prefix>:control:<version>:<key>`; without a context there is none.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from django.core.cache.backends import locmem, redis
from django.core.cache.backends.base import BaseCache

from tenants.context import Control, NoTenantError, current, in_control
from tenants.epochs import epoch_of, raise_epoch

#: How many keys are read or dropped in one go where a server has to be searched.
BATCH: Final = 500


def key(key: str, key_prefix: str, version: int) -> str:
    """Return a key that no other tenant can have, nor this one in another epoch.

    All that stands before the key itself is free of colons, the settings' prefix
    apart, which is the same for all; so two keys differ wherever their parts do.
    """
    return f"{owner_prefix(key_prefix)}{int(version)}:{key}"


def owner_prefix(key_prefix: str) -> str:
    """Return what the keys of this context begin with, now and in this epoch."""
    context = current()
    if isinstance(context, Control):
        return f"{key_prefix}:control:"
    return f"{key_prefix}:{context.uuid}:{epoch_of(context)}:"


class ByTenant(ABC, BaseCache):
    """What a cache of Django's needs to be one cache for each tenant.

    Mixed in before a backend, which has to say how its own keys are found in `drop`.
    """

    key_func: Callable[[str, str, int], str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not by the settings alone: a cache that somebody adds there is safe as well.
        self.key_func = key

    def clear(self) -> None:
        """Forget all values of the entered tenant, or those of the control plane.

        A tenant's epoch rises, in all caches of the settings at once, and what was
        kept before is never read again; no other tenant's values are touched.
        """
        context = current()
        if isinstance(context, Control):
            self.drop(owner_prefix(self.key_prefix))
        else:
            raise_epoch(context)

    def clear_for_everybody(self) -> None:
        """Empty the cache, for every tenant; only the control plane may."""
        if not in_control():
            raise NoTenantError("Only the control plane empties a cache for all.")
        super().clear()

    @abstractmethod
    def drop(self, beginning: str) -> None:
        """Delete the keys that begin so."""


class LocMemCache(ByTenant, locmem.LocMemCache):
    """Values in the memory of each process."""

    def clear(self) -> None:
        """Forget all values of this context, and give their memory back."""
        outdated = owner_prefix(self.key_prefix)
        super().clear()
        self.drop(outdated)

    def drop(self, beginning: str) -> None:
        """Delete the keys that begin so."""
        memory: Any = self
        with memory._lock:  # noqa: SLF001 - the parent's
            for found in [k for k in memory._cache if k.startswith(beginning)]:  # noqa: SLF001 - as above
                memory._delete(found)  # noqa: SLF001 - as above


class RedisCache(ByTenant, redis.RedisCache):
    """Values in a Redis or Valkey, shared by all processes.

    A tenant's outdated values stay until they expire, so let the server evict:
    `maxmemory-policy allkeys-lru`.
    """

    def drop(self, beginning: str) -> None:
        """Delete the keys that begin so; looks at every key of the server."""
        server: Any = self
        client = server._cache.get_client(None, write=True)  # noqa: SLF001 - the parent's
        batch: list[bytes] = []
        for found in client.scan_iter(match=literal(beginning) + "*", count=BATCH):
            batch.append(found)
            if len(batch) >= BATCH:
                client.unlink(*batch)
                batch.clear()
        if batch:
            client.unlink(*batch)


def literal(text: str) -> str:
    """Return a pattern of Redis that stands for this text and nothing else."""
    return "".join(f"\\{char}" if char in "*?[]^-\\" else char for char in text)
