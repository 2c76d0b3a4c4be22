"""Whether the preparation has to run again.

It changes nothing on the same source and the same cluster, but costs seconds. A start
on an embedded server that finds its own note of both skips it; whoever changes a line
of the project, or the data, gets it again.
"""

import hashlib
from pathlib import Path

SOURCES = ("*.py", "*.sql", "*.html", "*.txt", "*.toml")
FOLDERS = ("platform", "tenants", "accounts", "workflow", "deploy")


def fingerprint(root: Path, cluster: Path) -> str:
    """Return what the project and the cluster are now: names, sizes, instants."""
    found = [cluster / "PG_VERSION", root / "manage.py"]
    for folder in FOLDERS:
        for pattern in SOURCES:
            found += (root / folder).rglob(pattern)
    seen = hashlib.sha256()
    for path in sorted(found):
        if path.exists() and "node_modules" not in path.parts:
            now = path.stat()
            seen.update(f"{path} {now.st_size} {now.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def is_noted(note: Path, mark: str) -> bool:
    return note.exists() and note.read_text() == mark


def write_note(note: Path, mark: str) -> None:
    note.write_text(mark)
