"""The message catalogues: `locale/<language>/LC_MESSAGES/*.po`, made ready to be read.

    python -m kernel.catalogues    # writes the .mo beside each .po that is newer

The readable form is in the repository, the made one is not. Babel does the work of
GNU's msgfmt, so nothing needs to be installed beside the packages.
"""

import os
import sys
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[2] / "locale"


def build(locale: Path = LOCALE) -> list[Path]:
    """Make what is missing or old, and return what was made.

    A reader never meets half a file, and two makers at once do no harm.
    """
    return [_compiled(source) for source in stale(locale)]


def stale(locale: Path = LOCALE) -> list[Path]:
    """Return the catalogues that were changed since they were made, or never were."""
    return [source for source in sources(locale) if _is_older(made(source), source)]


def sources(locale: Path = LOCALE) -> list[Path]:
    return sorted(locale.glob("*/LC_MESSAGES/*.po"))


def made(source: Path) -> Path:
    """Return where the catalogue lies in the form that is read."""
    return source.with_suffix(".mo")


def _is_older(file: Path, source: Path) -> bool:
    try:
        return file.stat().st_mtime_ns < source.stat().st_mtime_ns
    except FileNotFoundError:
        return True


def _compiled(source: Path) -> Path:
    # Only whoever makes one needs it.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parents[1].name, abort_invalid=True)
    target = made(source)
    partial = target.with_suffix(f".{os.getpid()}.tmp")
    with partial.open("wb") as file:
        write_mo(file, catalogue)
    partial.replace(target)
    return target


def main() -> None:
    for target in build():
        sys.stdout.write(f"  made {target.relative_to(LOCALE.parent)}\n")


if __name__ == "__main__":
    main()
