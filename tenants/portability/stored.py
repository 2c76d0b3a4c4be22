"""The stored files of the entered tenant."""

from collections.abc import Iterator

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage

from tenants.portability.policies import Policy


def columns(policies: dict[str, Policy]) -> Iterator[tuple[str, str]]:
    """Yield table and column of what names files."""
    for table, policy in sorted(policies.items()):
        for column in policy.files:
            yield table, column


def walk(folder: str = "") -> Iterator[str]:
    """Yield the names of all stored files."""
    try:
        folders, files = default_storage.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for file in sorted(files):
        yield f"{folder}/{file}" if folder else file
    for inner in sorted(folders):
        yield from walk(f"{folder}/{inner}" if folder else inner)


def is_there(name: str) -> bool:
    """Tell whether a file is stored; a name that cannot be one is not."""
    try:
        return bool(default_storage.exists(name))
    except SuspiciousFileOperation:
        return False
