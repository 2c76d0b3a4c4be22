"""Command lines of manage.py, each in a process of its own, for the price of one start.

    ended = forking.manage(["tenant list", "migrate"], DATABASE_URL=DEAD)

A program that has imported the project is forked for each of them, and the copy goes on
as `python manage.py ...` does: exit code, output and errors are those of a process.
"""

import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
PATH = os.pathsep.join([str(ROOT), str(ROOT / "platform")])


def manage(
    lines: Sequence[str], **environment: str
) -> "list[subprocess.CompletedProcess[str]]":
    """Return how each line ended, in order; they run one after the other."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.forking"],
        input=json.dumps(lines),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": PATH, **environment},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    return [subprocess.CompletedProcess(*one) for one in json.loads(ran.stdout)]


def prepare() -> None:
    """Import what every command needs."""
    import django
    from django.conf import settings
    from django.urls import get_resolver

    importlib.import_module("config.environment").choose_settings()
    django.setup()
    importlib.import_module("tenants.management.utility")
    for urls in (settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF):
        get_resolver(urls).url_patterns  # noqa: B018 - it is made when it is asked for
    gc.freeze()


def forked(line: str, out: IO[bytes], errors: IO[bytes]) -> int | None:
    """Return the exit code of a line; None in the copy, which has to run it."""
    if copy := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    os.dup2(out.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    sys.argv = ["manage.py", *line.split()]
    return None


def main() -> bool:
    """Run all lines and print how they ended; return False in a copy of this program.

    A copy ends as Python ends any program, so nothing may be caught around it.
    """
    lines = json.load(sys.stdin)
    prepare()
    ended = []
    for line in lines:
        with TemporaryFile() as out, TemporaryFile() as errors:
            code = forked(line, out, errors)
            if code is None:
                return False
            ended.append((line, code, read(out), read(errors)))
    json.dump(ended, sys.stdout)
    return True


def read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__" and not main():
    runpy.run_path(str(ROOT / "manage.py"), run_name="__main__")
