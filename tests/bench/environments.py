"""The peers' own environments, made once and kept under .bench/.

pip takes the packages from where this machine takes all of them.
"""

# ruff: noqa: T201 - talks to a person at a terminal
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = ROOT / ".bench"
#: In the versions that we use ourselves.
ALIKE: Final = ("Django", "asgiref", "sqlparse", "psycopg", "psycopg-binary")
PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install")


class CannotMake(Exception):
    """A peer's environment cannot be made."""


def python_with(name: str, *packages: str) -> Path:
    """Return the Python of the environment with these packages of ours.

    Raises CannotMake with the end of pip's output.
    """
    place = KEPT / name
    python = place / "bin" / "python"
    wanted = {
        "python": sys.version,
        "place": str(place),
        "packages": [f"{package}=={version(package)}" for package in packages],
    }
    stamp = place / "made.json"
    if python.exists() and stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return python
    print(f"  making .bench/{name}: {', '.join(wanted['packages'])}", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(place)])
    run([str(python), *PIP, *wanted["packages"]])
    stamp.write_text(json.dumps(wanted))
    return python


def run(command: list[str]) -> None:
    answer = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
    )
    if answer.returncode != 0:
        lines = "\n".join(answer.stdout.splitlines()[-20:])
        raise CannotMake(f"{' '.join(command[1:4])} failed:\n{lines}")
