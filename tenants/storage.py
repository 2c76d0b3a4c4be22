"""Files of tenants: each name is the tenant's own, and no name leads elsewhere.

    default_storage.save("letters/offer.txt", content)   # "letters/offer.txt"
    default_storage.url("letters/offer.txt")             # good here, for five minutes

A file lies under the tenant's storage prefix; rows keep the name without it, so a
tenant can be moved by changing its prefix alone. Without a tenant there are no files:
the control plane has its own under the name `storages["control"]`.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from datetime import datetime
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db.models.fields.files import FieldFile
from django.utils.deconstruct import deconstructible
from django.utils.module_loading import import_string

from kernel.text import has_controls, storable
from tenants import stamp
from tenants.context import (
    Control,
    NoTenantError,
    current,
    current_or_none,
    current_tenant,
)
from tenants.stamp import WrongTenantError

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    AnyFile = File[Any]
else:
    AnyFile = File

Name = str | os.PathLike[str]

#: Where the control plane's files lie; no tenant's prefix may be this.
CONTROL_PREFIX: Final = "control"


class PlainFiles(FileSystemStorage):
    """Files under MEDIA_ROOT for the server alone, reached by no symbolic link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("file_permissions_mode", 0o600)
        kwargs.setdefault("directory_permissions_mode", 0o700)
        super().__init__(*args, **kwargs)

    def path(self, name: Name) -> str:
        """Return where a file lies. Raises SuspiciousFileOperation for a link."""
        path = super().path(os.fspath(name))
        inside = os.path.relpath(path, self.location)
        if os.path.realpath(path) != os.path.normpath(
            os.path.join(os.path.realpath(self.location), inside)  # noqa: PTH118 - as Django
        ):
            raise SuspiciousFileOperation("A link leads out of the storage.")
        return path


@deconstructible(path="tenants.storage.TenantStorage")
class TenantStorage(Storage):
    """Puts the tenant's prefix before every name and gives them to another storage.

    `inner` names that storage as STORAGES does, by BACKEND and OPTIONS.
    """

    def __init__(self, inner: Mapping[str, Any] | None = None) -> None:
        named = inner or {"BACKEND": "tenants.storage.PlainFiles"}
        make = import_string(named["BACKEND"])
        self.inner: Storage = make(**named.get("OPTIONS", {}))
        #: The row that a file belongs to, and so the tenant.
        self.holder: Any = None

    def held_by(self, instance: Any) -> "TenantStorage":
        """Return this storage for the files of one row, in its own tenant only."""
        held = copy(self)
        held.holder = instance
        return held

    def prefix(self) -> str:
        """Return what this context's files lie under.

        Raises NoTenantError without a tenant, WrongTenantError for a row of another.
        """
        tenant = current_tenant()
        if self.holder is not None:
            stamp.check(self.holder)
        return checked_prefix(tenant.storage_prefix)

    def key(self, name: Name) -> str:
        """Return a file's name in the inner storage."""
        return f"{self.prefix()}/{checked(name)}"

    # What storages do

    def save(
        self, name: Name | None, content: IO[Any], max_length: int | None = None
    ) -> str:
        """Return the name under which the content is kept, without the prefix.

        Raises QuotaExceeded where the plan gives no more room.
        """
        from tenants.models import Resource
        from tenants.plans import quotas

        wanted = os.fspath(content.name if name is None else name)
        # Both are refused before anything is written: a wrong name, and the file of
        # another tenant, which says so as soon as it is asked for what it holds.
        self.key(wanted)
        getattr(content, "file", None)
        if quotas.allowed_of(Resource.STORAGE_BYTES):
            quotas.require(Resource.STORAGE_BYTES, adding=size_of(content))
        return super().save(wanted, content, max_length)

    def _open(self, name: Name, mode: str = "rb") -> AnyFile:
        opened = self.inner.open(self.key(name), mode)
        return TenantFile(opened, os.fspath(name), storage=self)

    def _save(self, name: Name, content: AnyFile) -> str:
        prefix = f"{self.prefix()}/"
        saved = self.inner.save(self.key(name), content)
        if not saved.startswith(prefix):
            raise SuspiciousFileOperation("The storage put a file somewhere else.")
        return saved.removeprefix(prefix)

    def delete(self, name: Name) -> None:
        self.inner.delete(self.key(name))

    def exists(self, name: Name) -> bool:
        return self.inner.exists(self.key(name))

    def listdir(self, path: Name) -> tuple[list[str], list[str]]:
        """Return folders and files; none of a tenant that has none yet."""
        is_root = os.fspath(path) in {"", "."}
        key = self.prefix() if is_root else self.key(path)
        try:
            return self.inner.listdir(key)
        except FileNotFoundError:
            if is_root:
                return [], []
            raise

    def size(self, name: Name) -> int:
        return self.inner.size(self.key(name))

    def path(self, name: Name) -> str:
        return self.inner.path(self.key(name))

    def url(self, name: Name | None) -> str:
        """Return an address for people of this tenant, good for five minutes."""
        from tenants import files

        if name is None:
            raise ValueError("There is no file, and so no address.")
        self.key(name)
        return files.address(os.fspath(name))

    def get_accessed_time(self, name: Name) -> datetime:
        return self.inner.get_accessed_time(self.key(name))

    def get_created_time(self, name: Name) -> datetime:
        return self.inner.get_created_time(self.key(name))

    def get_modified_time(self, name: Name) -> datetime:
        return self.inner.get_modified_time(self.key(name))


@deconstructible(path="tenants.storage.ControlStorage")
class ControlStorage(TenantStorage):
    """Files of the control plane; no site serves them."""

    def prefix(self) -> str:
        """Return the prefix. Raises NoTenantError outside the control plane."""
        if not isinstance(current(), Control):
            raise NoTenantError("These are files of the control plane.")
        if self.holder is not None:
            stamp.check(self.holder)
        return CONTROL_PREFIX

    def url(self, name: Name | None) -> str:  # noqa: ARG002 - the signature of storages
        """Raise ValueError: there is no address."""
        raise ValueError("Files of the control plane have no address.")


class TenantFile(AnyFile):
    """An open file, for the tenant that opened it.

    Raises WrongTenantError where another tenant uses it. It may be read to its end in
    no context, where a server sends it, and closed anywhere.
    """

    def __init__(self, opened: AnyFile, name: str, *, storage: TenantStorage) -> None:
        self._opened = opened
        self._storage = storage
        self._owner: UUID = current().uuid
        super().__init__(cast(IO[Any], opened), name)

    def require_owner(self) -> None:
        """Let the file be used here. Raises WrongTenantError."""
        here = current_or_none()
        if here is not None and here.uuid != self._owner:
            logger.error(
                "storage.wrong_tenant",
                extra={"owner": str(self._owner), "here": str(here.uuid)},
            )
            raise WrongTenantError

    @property
    def file(self) -> Any:
        self.require_owner()
        return self._opened

    @file.setter
    def file(self, opened: Any) -> None:
        self._opened = opened

    @property
    def closed(self) -> bool:
        return bool(self._opened.closed)

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> "TenantFile":  # noqa: ARG002 - the signature of files
        """Go back to the beginning; open it again if it was closed."""
        self.require_owner()
        if not self.closed:
            self.seek(0)
            return self
        opened = self._storage.open(self.name or "", mode or self.mode)
        self._opened = cast(TenantFile, opened)._opened  # noqa: SLF001 - its own kind
        return self

    def close(self) -> None:
        self._opened.close()


def size_of(content: IO[Any]) -> int:
    """Return how many bytes are to be kept; 0 where they cannot be counted ahead."""
    try:
        return int(File(content).size)
    except (AttributeError, OSError):
        return 0


def used_bytes() -> int:
    """Return what the entered tenant's files take, for TENANT_QUOTA_COUNTERS.

    It walks over all of them, as no table knows them all.
    """
    storage = storages["default"]
    found, folders = 0, [""]
    while folders:
        folder = folders.pop()
        inside, names = storage.listdir(folder)
        beginning = f"{folder}/" if folder else ""
        folders += [beginning + name for name in inside]
        for name in names:
            with suppress(FileNotFoundError):  # deleted meanwhile
                found += storage.size(beginning + name)
    return found


def checked(name: Name) -> str:
    """Return a name that stays below its prefix. Raises SuspiciousFileOperation.

    A name is what it seems: nothing is resolved, cut off or decoded here.
    """
    text = os.fspath(name)
    parts = text.split("/")
    if (
        any(part in {"", ".", ".."} for part in parts)
        or "\\" in text
        or has_controls(text)
        or not storable(text)
    ):
        raise SuspiciousFileOperation("This is no name of a file.")
    return text


def checked_prefix(prefix: str) -> str:
    """Return a tenant's prefix. Raises SuspiciousFileOperation for a wrong one."""
    if prefix == CONTROL_PREFIX or PurePath(checked(prefix)).name != prefix:
        raise SuspiciousFileOperation("This is no tenant's place for files.")
    return prefix


def install() -> None:
    """Have every file of a row remember the row, and so its tenant."""
    files: Any = FieldFile
    if getattr(files, "_is_held", False):
        return
    make, restore = files.__init__, files.__setstate__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - takes its place
        make(self, *args, **kwargs)
        hold(self)

    def __setstate__(self: Any, state: dict[str, Any]) -> None:  # noqa: N807 - as above
        restore(self, state)
        hold(self)

    files.__init__, files.__setstate__ = __init__, __setstate__
    files._is_held = True  # noqa: SLF001 - a mark of our own


def hold(file: Any) -> None:
    """Tie a row's file to the row, where its storage knows tenants."""
    if hasattr(file.storage, "held_by") and hasattr(file.instance, "_state"):
        file.storage = file.storage.held_by(file.instance)
