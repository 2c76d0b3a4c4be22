"""Empty a tenant's place for files."""

from django.core.files.storage import FileSystemStorage, default_storage

from tenants.context import TenantInfo, as_owner, use
from tenants.portability import stored


def empty_storage(info: TenantInfo) -> int:
    """Delete all that is stored for the tenant; return how many files that were."""
    with use(as_owner(info)):
        names = list(stored.walk())
        for name in names:
            default_storage.delete(name)
        drop_folders()
        return len(names)


def drop_folders(folder: str = "") -> None:
    """Remove folders that hold nothing, where the storage has real ones."""
    inner = getattr(default_storage, "inner", None)
    if not isinstance(inner, FileSystemStorage):
        return
    folders, files = default_storage.listdir(folder)
    for name in folders:
        drop_folders(f"{folder}/{name}" if folder else name)
    if folder and not files:
        default_storage.delete(folder)
