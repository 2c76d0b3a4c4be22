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
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = ROOT / ".bench"
#: In the versions that we use ourselves.
ALIKE: Final = ("Django", "asgiref", "sqlparse", "psycopg", "psycopg-binary")
PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install")


class CannotMake(Exception):
    """A peer's environment cannot be made."""


def python_with(name: str, *packages: str) -> Path:
    """Return the Python of the environment with these packages.

    A package without a version is taken in the one that we use ourselves.
    Raises CannotMake with the end of pip's output.
    """
    if is_made(name, *packages):
        return interpreter(name)
    place, python, wanted = KEPT / name, interpreter(name), contents(name, *packages)
    print(f"  making .bench/{name}: {', '.join(wanted['packages'])}", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(place)])
    run([str(python), *PIP, *wanted["packages"]])
    stamp(name).write_text(json.dumps(wanted))
    return python


def is_made(name: str, *packages: str) -> bool:
    """Tell whether the environment is there, with just these packages."""
    if not interpreter(name).exists() or not stamp(name).exists():
        return False
    found: object = json.loads(stamp(name).read_text())
    return found == contents(name, *packages)


def contents(name: str, *packages: str) -> dict[str, Any]:
    return {
        "python": sys.version,
        "place": str(KEPT / name),
        "packages": [
            package if "==" in package else f"{package}=={version(package)}"
            for package in packages
        ],
    }


def interpreter(name: str) -> Path:
    return KEPT / name / "bin" / "python"


def stamp(name: str) -> Path:
    return KEPT / name / "made.json"


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
