"""Statements that must be one statement, each in a file under a sentence."""

import re
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
_COMMENT: Final = re.compile(r"--[^\n]*")


@cache
def text(name: str) -> str:
    """Return a statement, with named parameters and no schema's name.

    It comes in one line, and without what is said about it.
    """
    written = (HERE / f"{name}.sql").read_text(encoding="utf-8")
    return " ".join(_COMMENT.sub("", written).split())


@cache
def step(first: str, parts: tuple[str, ...]) -> str:
    """Return the statement that writes a step, of the files in `write_step`.

    `first` says what happens to the instance, and `parts` what else there is to
    write; most steps have few of them, and a short statement is done sooner.
    It answers whether the instance was still what had been read, and writes nothing
    where not; it fails where that is so and not all `items` were, too.
    """
    named = [("moved", first), *((part, part) for part in parts)]
    written = [f"{name} AS ({text(f'write_step/{file}')})" for name, file in named]
    counted = [part for part in ("changed", "released") if part in parts]
    items = [f"(SELECT count(*) FROM {part})" for part in counted]  # noqa: S608 - files of the repository alone
    return (
        f"WITH step AS (SELECT %(step)s::jsonb AS doc), {', '.join(written)}"  # noqa: S608 - as above
        f" SELECT moved.here, 1 / (moved.here = 0 OR"
        f" {' + '.join(items) or 0} = %(items)s::int)::int"
        f" FROM (SELECT count(*) AS here FROM moved) AS moved"
    )
