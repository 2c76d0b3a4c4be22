"""Progress on stderr, for a person at a terminal."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tenants.portability.progress import SILENT, Said


@contextmanager
def bar(words: str, options: Mapping[str, Any]) -> Iterator[Said]:
    """Give what long work tells how far it is; nothing shows where nobody looks."""
    if options.get("as_json") or not sys.stderr.isatty():
        yield SILENT
        return
    # Only where a bar is shown: importing it takes a tenth of a command's start.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn(words),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(words, total=None, what="")

        def said(what: str, done: int, of: int) -> None:
            shown.update(task, completed=done, total=of, what=what)

        yield said
